//! The resource *users*: its operations and their answers.

mod cursor;
pub(in crate::api) mod idempotency;
mod refinements;
mod wire;

use std::sync::Arc;

use bson::oid::ObjectId;
use chrono::Utc;
use openapi_server::{
    InHeader, InPath, InQuery, Json, MergePatch, entity_tag,
    problem::{Code, Problem, Violation},
};
use poem::Result;
use poem_openapi::{ApiResponse, OAuthScopes, OpenApi, Tags};

use self::idempotency::UnderWay;
pub use self::{refinements::refinements, wire::*};
use super::Authorized;
use crate::{
    store::{StoreError, UserQuery, UserStore},
    user,
};

/// The group that the operations are shown in.
#[derive(Tags)]
enum Tag {
    /// People who hold portfolios.
    #[oai(rename = "users")]
    Users,
}

/// What an access token can permit.
#[derive(OAuthScopes)]
pub(in crate::api) enum Scope {
    /// Read users.
    #[oai(rename = "read:users")]
    ReadUsers,
    /// Create, change and delete users.
    #[oai(rename = "write:users")]
    WriteUsers,
}

/// The answers of `createUser` that are its own; those that every operation shares are added to the document from one place.
#[derive(ApiResponse)]
#[expect(clippy::large_enum_variant, reason = "there is one per request, and it is returned at once")]
pub enum CreateUserResponse {
    /// The user was created and is durably stored; perhaps by an earlier request with the same `Idempotency-Key`, whose answer this is.
    #[oai(status = 201)]
    Created(
        Json<User>,
        /// Where the new user is.
        #[oai(header = "Location")]
        String,
        /// Names this state of the user (RFC 9110, section 8.8.3).
        #[oai(header = "ETag")]
        String,
        /// Says that this is the answer to an earlier request, and that this one did nothing; else it is absent.
        #[oai(header = "Idempotent-Replayed")]
        Option<bool>,
    ),
    /// Another user has this email address, in this or another letter case; or a request with this `Idempotency-Key` is still under way.
    #[oai(status = 409)]
    Conflict(Problem),
    /// An earlier request had this `Idempotency-Key` and another body.
    #[oai(status = 422)]
    KeyReused(Problem),
}

/// The answers of `getUser` that are its own.
#[derive(ApiResponse)]
#[expect(clippy::large_enum_variant, reason = "there is one per request, and it is returned at once")]
pub enum GetUserResponse {
    /// The user.
    #[oai(status = 200)]
    Found(
        Json<User>,
        /// Names this state of the user (RFC 9110, section 8.8.3).
        #[oai(header = "ETag")]
        String,
    ),
    /// The user is in a state that `If-None-Match` names.
    #[oai(status = 304)]
    NotModified(
        /// Names this state of the user (RFC 9110, section 8.8.3).
        #[oai(header = "ETag")]
        String,
    ),
    /// There is no user with this id.
    #[oai(status = 404)]
    NoUser(Problem),
}

/// The answers of `updateUser` that are its own.
#[derive(ApiResponse)]
#[expect(clippy::large_enum_variant, reason = "there is one per request, and it is returned at once")]
pub enum UpdateUserResponse {
    /// The user as changed, durably stored.
    #[oai(status = 200)]
    Updated(
        Json<User>,
        /// Names this state of the user (RFC 9110, section 8.8.3).
        #[oai(header = "ETag")]
        String,
    ),
    /// There is no user with this id.
    #[oai(status = 404)]
    NoUser(Problem),
    /// Another user has this email address, in this or another letter case.
    #[oai(status = 409)]
    EmailTaken(Problem),
    /// The user is in another state than `If-Match` names: somebody has changed it. Read it again.
    #[oai(status = 412)]
    Outdated(Problem),
}

/// The answers of `deleteUser` that are its own.
#[derive(ApiResponse)]
pub enum DeleteUserResponse {
    /// The user is deleted, durably.
    #[oai(status = 204)]
    Deleted,
    /// There is no user with this id.
    #[oai(status = 404)]
    NoUser(Problem),
}

/// The answer of `listUsers` that is its own.
#[derive(ApiResponse)]
pub enum ListUsersResponse {
    /// One page of users, in the order of their ids.
    #[oai(status = 200)]
    Page(Json<UserList>),
}

/// The operations on users.
pub struct Users {
    store: Arc<dyn UserStore>,
    under_way: UnderWay,
}

impl Users {
    /// The operations, on this store.
    pub fn new(store: Arc<dyn UserStore>) -> Self {
        Self { store, under_way: UnderWay::default() }
    }
}

#[OpenApi(tag = "Tag::Users")]
impl Users {
    /// Create a user
    ///
    /// Creates a user who has no portfolios yet. The email address must not belong to another user, whatever the letter case. The
    /// answer comes after the user is durably stored.
    ///
    /// With an `Idempotency-Key` the request can be sent again when its answer is lost: for 24 hours the same caller gets the first
    /// answer to the same key and body, and no second user. Only a success is kept. Deleting the user ends it: the key is new again.
    #[oai(path = "/users", method = "post", operation_id = "createUser")]
    async fn create_user(
        &self,
        #[oai(scope = "Scope::WriteUsers")] caller: Authorized,
        /// Names this request, so that it can be sent again: 1 to 255 letters, digits and `._~+/=:-`, best a random UUID, in double
        /// quotes or without.
        #[oai(name = "Idempotency-Key")]
        InHeader(key): InHeader<Option<String>>,
        Json(new): Json<CreateUser>,
    ) -> Result<CreateUserResponse> {
        let recognised = key.map(|key| idempotency::of("createUser", caller.0.subject(), &key, &new)).transpose()?;
        let claim = recognised.as_ref().map(|recognised| self.under_way.claim(&recognised.key));
        if let Some(None) = claim {
            return Ok(CreateUserResponse::Conflict(Problem::new(Code::Conflict).errors(vec![idempotency::under_way()])));
        }
        let again = recognised.is_some().then(|| new.clone());
        let user = user::User { idempotency: recognised.clone(), ..new.into_user(ObjectId::new(), Utc::now()) };
        match self.store.insert(user).await {
            Ok(user) => {
                audit("createUser", &caller, &user.id);
                Ok(created(user, None))
            }
            Err(StoreError::KeyUsed(first)) => match again.filter(|_| first.idempotency == recognised) {
                // The user may have been changed since; the first answer follows from the body, which is the same.
                Some(new) => {
                    let first = user::User { id: first.id, ..new.into_user(ObjectId::new(), first.created_at) };
                    Ok(created(first, Some(true)))
                }
                None => {
                    let problem = Problem::new(Code::UnprocessableEntity).errors(vec![idempotency::reused()]);
                    Ok(CreateUserResponse::KeyReused(problem))
                }
            },
            Err(StoreError::EmailTaken) => {
                Ok(CreateUserResponse::Conflict(Problem::new(Code::Conflict).errors(vec![email_taken()])))
            }
            Err(error) => Err(unavailable(error)),
        }
    }

    /// List users
    ///
    /// Lists users in the order of their ids, page by page. Who is there all the while is listed exactly once, whoever is created or
    /// deleted meanwhile. The filters are combined: a user passes all of them.
    #[oai(path = "/users", method = "get", operation_id = "listUsers")]
    async fn list_users(
        &self,
        #[oai(scope = "Scope::ReadUsers")] _caller: Authorized,
        /// How many users a page has at most.
        #[oai(default = "default_limit", validator(minimum(value = "1"), maximum(value = "100")))]
        InQuery(limit): InQuery<u32>,
        /// Where the page begins: the `nextCursor` of the page before. Without it the list begins.
        #[oai(validator(pattern = "^[A-Za-z0-9_-]{16}$"))]
        InQuery(cursor): InQuery<Option<String>>,
        /// Only the user with this email address, whatever the letter case.
        InQuery(email): InQuery<Option<String>>,
        /// Only users who live in this country, a two-letter ISO 3166-1 code. Given several times, in one of these.
        #[oai(name = "residencyCountry", validator(max_items = 50))]
        InQuery(countries): InQuery<Option<Vec<String>>>,
    ) -> Result<ListUsersResponse> {
        let limit = limit as usize;
        let query = UserQuery {
            email,
            residency_countries: countries.into_iter().flatten().collect(),
            after: cursor.map(|cursor| cursor::read(&cursor)).transpose()?,
            limit: limit + 1, // One more tells whether there is a next page.
        };
        let mut users = self.store.list(query).await.map_err(unavailable)?;
        let is_last = users.len() <= limit;
        users.truncate(limit);
        let next_cursor = users.last().filter(|_| !is_last).map(|last| cursor::after(&last.id)).transpose()?;
        Ok(ListUsersResponse::Page(Json(UserList { items: users.into_iter().map(Into::into).collect(), next_cursor })))
    }

    /// Read a user
    ///
    /// Gives the user with this id. With `If-None-Match` it gives the user only in another state than those named.
    #[oai(path = "/users/:userId", method = "get", operation_id = "getUser")]
    async fn get_user(
        &self,
        #[oai(scope = "Scope::ReadUsers")] _caller: Authorized,
        /// The user's identifier.
        #[oai(name = "userId", validator(pattern = "^[a-f0-9]{24}$"))]
        InPath(id): InPath<String>,
        /// Entity tags of states that need not be sent again, or `*` for every state (RFC 9110, section 13.1.2).
        #[oai(name = "If-None-Match")]
        InHeader(known): InHeader<Option<String>>,
    ) -> Result<GetUserResponse> {
        let Some(user) = self.store.find(&id).await.map_err(unavailable)? else {
            return Ok(GetUserResponse::NoUser(no_user()));
        };
        let etag = entity_tag::strong(user.version());
        if known.is_some_and(|known| entity_tag::matches_weakly(&known, &etag)) {
            return Ok(GetUserResponse::NotModified(etag));
        }
        Ok(GetUserResponse::Found(Json(user.into()), etag))
    }

    /// Change a user
    ///
    /// Changes what the patch names, and nothing else: of two patches at the same time neither loses what only the other touched. The
    /// result must keep every rule that a new user keeps, and the answer comes after it is durably stored. With `If-Match` the user is
    /// only changed in one of the states named.
    #[oai(path = "/users/:userId", method = "patch", operation_id = "updateUser")]
    async fn update_user(
        &self,
        #[oai(scope = "Scope::WriteUsers")] caller: Authorized,
        /// The user's identifier.
        #[oai(name = "userId", validator(pattern = "^[a-f0-9]{24}$"))]
        InPath(id): InPath<String>,
        /// Entity tags of the states that may be changed, or `*` for every state (RFC 9110, section 13.1.1).
        #[oai(name = "If-Match")]
        InHeader(expected): InHeader<Option<String>>,
        patch: MergePatch<UpdateUser>,
    ) -> Result<UpdateUserResponse> {
        // Each time round somebody else has changed the user; the limit on a request's time ends it.
        loop {
            let Some(current) = self.store.find(&id).await.map_err(unavailable)? else {
                return Ok(UpdateUserResponse::NoUser(no_user()));
            };
            let etag = entity_tag::strong(current.version());
            if expected.as_ref().is_some_and(|expected| !entity_tag::matches_strongly(expected, &etag)) {
                return Ok(UpdateUserResponse::Outdated(Problem::new(Code::PreconditionFailed)));
            }
            let changed = patch.apply(&User::from(current.clone()))?;
            let next = changed.onto(current.clone()).revised(Utc::now());
            match self.store.replace(&current, next).await {
                Ok(user) => {
                    audit("updateUser", &caller, &user.id);
                    let etag = entity_tag::strong(user.version());
                    return Ok(UpdateUserResponse::Updated(Json(user.into()), etag));
                }
                Err(StoreError::Changed) => {}
                Err(StoreError::EmailTaken) => {
                    return Ok(UpdateUserResponse::EmailTaken(Problem::new(Code::Conflict).errors(vec![email_taken()])));
                }
                Err(error) => return Err(unavailable(error)),
            }
        }
    }

    /// Delete a user
    ///
    /// Deletes the user with everything that is stored about it. The email address is free again.
    #[oai(path = "/users/:userId", method = "delete", operation_id = "deleteUser")]
    async fn delete_user(
        &self,
        #[oai(scope = "Scope::WriteUsers")] caller: Authorized,
        /// The user's identifier.
        #[oai(name = "userId", validator(pattern = "^[a-f0-9]{24}$"))]
        InPath(id): InPath<String>,
    ) -> Result<DeleteUserResponse> {
        match self.store.delete(&id).await.map_err(unavailable)? {
            true => {
                audit("deleteUser", &caller, &id);
                Ok(DeleteUserResponse::Deleted)
            }
            false => Ok(DeleteUserResponse::NoUser(no_user())),
        }
    }
}

/// One line in the log for each change of a user: which operation, which user, and the subject of the caller's token.
fn audit(operation: &str, Authorized(caller): &Authorized, user: &str) {
    tracing::info!(target: "audit", operation, user, caller = caller.subject(), "changed");
}

/// The answer that a user as created leads to.
fn created(user: user::User, is_replayed: Option<bool>) -> CreateUserResponse {
    let (location, etag) = (format!("/users/{}", user.id), entity_tag::strong(user.version()));
    CreateUserResponse::Created(Json(user.into()), location, etag, is_replayed)
}

fn default_limit() -> u32 {
    20
}

/// What a caller is told about an id that no user has.
const NO_USER: &str = "There is no user with this id.";

fn no_user() -> Problem {
    Problem::new(Code::NotFound).message(NO_USER)
}

fn unavailable(error: StoreError) -> poem::Error {
    Problem::unavailable(1, error.to_string()).into()
}

/// The violation of an email that another user has.
pub(in crate::api) fn email_taken() -> Violation {
    Violation { pointer: "/email".to_owned(), rule: "unique".to_owned(), message: "must not belong to another user".to_owned() }
}
