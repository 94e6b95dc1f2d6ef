//! The rules that a server is judged by, each with its level and source. `docs/rules/` has a page for each.

use serde::Serialize;

/// How bad it is to break a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// A promise of the document or a MUST of an RFC is broken, the server fails, or it does not answer.
    Error,
    /// A careful server does otherwise: a SHOULD of an RFC, or what clients and tools count on.
    Warning,
}

impl Level {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// What a finding is about.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name in reports and flags, in kebab case.
    pub name: &'static str,
    /// How bad it is to break it.
    pub level: Level,
    /// What the server has to do.
    pub summary: &'static str,
    /// Who says so.
    pub source: &'static str,
}

/// Defines the rules, in the order in which a report lists what breaks them.
macro_rules! rules {
    ($($id:ident $name:literal $level:ident $summary:literal $source:literal)*) => {
        $(#[doc = $summary] pub(crate) static $id: Rule =
            Rule { name: $name, level: Level::$level, summary: $summary, source: $source };)*

        /// Every rule, in the order in which a report lists what breaks them.
        pub static RULES: [&Rule; [$($name),*].len()] = [$(&$id),*];
    };
}

rules! {
    SERVER_ERROR "server-error" Error
        "No request is answered with 5xx." "RFC 9110, section 15.6: the server failed, not the client"
    NO_ANSWER "no-answer" Error
        "Every request is answered in time." "RFC 9110, section 3.4"
    UNAUTHENTICATED_ACCEPTED "unauthenticated-accepted" Error
        "A request without the documented credentials is not accepted." "the document: security; RFC 6750, section 3"
    INVALID_ACCEPTED "invalid-accepted" Error
        "A request that breaks a schema is not accepted." "the document: parameters and requestBody"
    MALFORMED_ACCEPTED "malformed-accepted" Error
        "A body that is not of its media type is not accepted." "the document: requestBody; RFC 8259, section 2"
    DUPLICATE_ACCEPTED "duplicate-accepted" Error
        "A value that is unique is accepted once." "the document: x-unique"
    REFUSAL_CHANGES_STATE "refusal-changes-state" Error
        "A refused request changes nothing." "RFC 9110, section 15.5; the document: x-unique"
    STORED_DIFFERS "stored-differs" Error
        "What an answer says was created is stored, once." "RFC 9110, section 15.3.2"
    RESPONSE_BODY "response-body" Error
        "The body of an answer is what its schema says." "the document: responses"
    RESPONSE_HEADER "response-header" Error
        "The headers of an answer are what the document says." "the document: responses"
    RESPONSE_MEDIA_TYPE "response-media-type" Error
        "An answer has a documented media type." "the document: responses"
    ECHO "echo" Error
        "An answer says what was sent, where both have the same schema." "the document: requestBody and responses"
    DUPLICATE_ID "duplicate-id" Error
        "Two created resources never share an id." "RFC 9110, section 15.3.2"
    LOCATION "location" Error
        "The Location of a 201 leads to what was created." "RFC 9110, sections 10.2.2 and 15.3.2"
    CREATED_NOT_FOUND "created-not-found" Error
        "A resource that was created is found." "RFC 9110, section 15.3.2"
    DELETED_FOUND "deleted-found" Error
        "A resource that was deleted is not found." "RFC 9110, section 9.3.5"
    PRECONDITION "precondition" Error
        "A documented precondition is kept." "RFC 9110, sections 13.1.1 and 13.1.2"
    VALID_REFUSED "valid-refused" Error
        "A valid request is accepted." "the document: parameters and requestBody"
    HTTP_VARIANT_REFUSED "http-variant-refused" Error
        "A request that is written in another valid way is accepted." "RFC 9112, section 7.1; RFC 9110, section 8.3.1; RFC 8259, section 2"
    UNDOCUMENTED_STATUS "undocumented-status" Error
        "The status of an answer is documented." "the document: responses"
    OWN_JUDGE "own-judge" Error
        "What a judge of the caller's own demands." "the caller"
    UNDOCUMENTED_HTTP_STATUS "undocumented-http-status" Warning
        "A status that any HTTP server may give, such as 401, 404, 405 or 415, is documented, too." "the document: responses"
    UNDOCUMENTED_BODY "undocumented-body" Warning
        "An answer has a body only where the document has content for it." "the document: responses"
    REFUSAL_STATUS "refusal-status" Warning
        "A refusal has the documented status." "the document: responses; RFC 9110, section 15.5"
    REFUSAL_VIOLATIONS "refusal-violations" Warning
        "A refusal names each rule that the request breaks, and no other." "the document: an error body that lists pointer and rule"
    AUTHENTICATION_STATUS "authentication-status" Warning
        "Missing and invalid credentials are answered with 401, insufficient ones with 403." "RFC 6750, section 3.1"
    OTHER_SCOPE "other-scope" Warning
        "A token with the scopes of other operations only is not accepted." "the document: security; RFC 6750, section 3.1"
    FOREIGN_READ "foreign-read" Warning
        "What one caller creates another caller does not read." "the credentials of another caller, and what is theirs"
    FOREIGN_CHANGE "foreign-change" Warning
        "What one caller creates another caller does not change or delete." "the credentials of another caller, and what is theirs"
    CHALLENGE "challenge" Warning
        "401 and 403 carry the challenge of their scheme." "RFC 9110, section 11.6.1; RFC 6750, section 3"
    UNDOCUMENTED_METHOD "undocumented-method" Warning
        "A method that the document does not have is answered with 405." "RFC 9110, section 15.5.6"
    ALLOW "allow" Warning
        "405 comes with Allow, which lists the methods of the path." "RFC 9110, section 15.5.6"
    UNDOCUMENTED_PATH "undocumented-path" Warning
        "A path that the document does not have is answered with 404." "the document: responses"
    UNDOCUMENTED_QUERY "undocumented-query" Warning
        "A query parameter that the document does not have is ignored." "RFC 9110, section 4.1"
    EMPTY_PARAMETER "empty-parameter" Warning
        "An empty parameter is refused, where its type allows no empty value." "the document: parameters"
    UNDOCUMENTED_MEDIA_TYPE "undocumented-media-type" Warning
        "A body of another media type than the documented ones is refused with 415." "RFC 9110, section 15.5.16"
    CONTENT_CODING "content-coding" Warning
        "An unknown content coding is refused with 415." "RFC 9110, section 8.4"
    LENIENT_JSON "lenient-json" Warning
        "What is only almost JSON is refused: duplicate names, lone surrogates, a byte order mark, comments." "RFC 8259, sections 4, 8 and 9"
    BODY_LIMIT "body-limit" Warning
        "An oversized body is refused with 413, where this is documented." "RFC 9110, section 15.5.14"
    FOUND_DIFFERS "found-differs" Warning
        "A resource is found as it was sent." "the document: requestBody and responses"
    CHANGE_NOT_SHOWN "change-not-shown" Warning
        "A change that was accepted shows." "RFC 9110, section 9.3.4; RFC 5789, section 2; RFC 7396"
    NOT_LISTED "not-listed" Warning
        "A resource that was created is in the list of its collection." "the document: the list of the collection"
    DELETED_LISTED "deleted-listed" Warning
        "A resource that was deleted is not listed." "RFC 9110, section 9.3.5"
    OTHER_CHANGED "other-changed" Warning
        "A change of a resource changes nothing else, neither another resource nor the rest of its own."
        "RFC 9110, sections 9.3.3 to 9.3.5; RFC 5789, section 2"
    PUT_TWICE "put-twice" Warning
        "A PUT that is sent twice leaves what it leaves when it is sent once." "RFC 9110, section 9.2.2"
    ETAG "etag" Warning
        "A resource that has changed has another ETag." "RFC 9110, section 8.8.1"
    PAGING "paging" Warning
        "The pages of a list have each resource once, and no more than was asked for." "the document: the parameters of the list"
    FILTER "filter" Warning
        "A list with a filter has what matches, and nothing else." "the document: the parameters of the list"
    TIMESTAMPS "timestamps" Warning
        "The time of creation is right and does not change." "the names of the properties"
}

/// The rule with this name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.into_iter().find(|rule| rule.name == name)
}
