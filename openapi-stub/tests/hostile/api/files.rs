use crate::prelude::*;

/// `POST /v1/files/{name}.{extension}:rename`
///
/// - 204: Renamed.
#[handler]
pub async fn post_v1_files_name_extension_rename(
    _parameters: parameters::PostV1FilesNameExtensionRename,
) -> Result<Empty<204>> {
    Err(not_written("POST /v1/files/{name}.{extension}:rename"))
}
