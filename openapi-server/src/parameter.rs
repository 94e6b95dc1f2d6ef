//! Parameters: what the contract has already validated comes in.

use poem::{Request, RequestBody, Result};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaParamIn, MetaSchemaRef, Registry},
    types::Type,
};
use serde::de::DeserializeOwned;

use crate::contract::{Place, ValidParameters};

/// Makes the extractor of the parameters in one place.
macro_rules! parameter {
    ($(#[$doc:meta])* $name:ident, $place:ident) => {
        $(#[$doc])*
        ///
        /// It takes the value that the contract validated and never the text: poem-openapi's own extractor would parse it a second time,
        /// by rules of its own. An `Option` may be absent.
        #[derive(Debug)]
        pub struct $name<T>(pub T);

        impl<'a, T: Type + DeserializeOwned> ApiExtractor<'a> for $name<T> {
            const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];
            const PARAM_IS_REQUIRED: bool = T::IS_REQUIRED;

            type ParamType = T;
            type ParamRawType = T::RawValueType;

            fn register(registry: &mut Registry) {
                T::register(registry);
            }

            fn param_in() -> Option<MetaParamIn> {
                Some(MetaParamIn::$place)
            }

            fn param_schema_ref() -> Option<MetaSchemaRef> {
                Some(T::schema_ref())
            }

            async fn from_request(
                request: &'a Request,
                _: &mut RequestBody,
                options: ExtractParamOptions<Self::ParamType>,
            ) -> Result<Self> {
                let given: Option<T> = ValidParameters::read(request, Place::$place, options.name)?;
                match (given, options.default_value) {
                    (Some(value), _) => Ok(Self(value)),
                    (None, Some(default)) => Ok(Self(default())),
                    (None, None) => Ok(Self(ValidParameters::read(request, Place::$place, options.name)?)),
                }
            }
        }
    };
}

parameter! {
    /// A parameter in the path.
    InPath, Path
}
parameter! {
    /// A parameter in the query string; a `Vec` is one that may be repeated.
    InQuery, Query
}
parameter! {
    /// A parameter in a header.
    InHeader, Header
}
