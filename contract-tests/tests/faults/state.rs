//! What the server stores.

use faulty_server::{Effect, Fault, Group, StoreFault};

use super::{at, fault, restate, tell};

pub fn faults() -> Vec<Fault> {
    let store = |name, at, store| fault(name, Group::State, at, Effect::Store(store));
    const UNIQUE: &str = at!("CreateUser/properties/email/x-unique");
    vec![
        store("an email may be taken twice", UNIQUE, StoreFault::NotUnique),
        store("an email may be taken in another case", UNIQUE, StoreFault::CaseSensitive),
        store("an email may be taken by two at once", UNIQUE, StoreFault::CheckThenInsert),
        store("an email conflicts with one that has another tag", "conflict", StoreFault::PlusTagIgnored),
        store("an email conflicts with one at another host", "conflict", StoreFault::LocalPartOnly),
        store("a first name conflicts too", "conflict", StoreFault::AlsoUnique("/firstName")),
        store("a conflicting user is stored", "refused-changes-nothing", StoreFault::ConflictStored),
        store("a refused user is stored", "refused-changes-nothing", StoreFault::RefusedStored),
        store("a refused user takes the email", "refused-changes-nothing", StoreFault::RefusedTakesTheValue),
        store("an unauthenticated user is stored", "refused-changes-nothing", StoreFault::UnauthenticatedStored),
        store("a user is not stored", "stored", StoreFault::NotStored),
        store("a user is stored twice", "stored", StoreFault::StoredTwice),
        store("a user is stored in lower case", "stored", StoreFault::StoredLowerCase),
        store("a user is stored without what is optional", "stored", StoreFault::StoredWithout(&["language", "address"])),
        store("a new user takes the place of the first", "stored", StoreFault::OverwritesTheFirst),
        store("every user has the same id", "id", StoreFault::SameId),
        store("ids are used again", "id", StoreFault::IdReused),
        fault(
            "a conflict is a bad request",
            Group::State,
            UNIQUE,
            Effect::Reply(|_, reply| restate(reply, 409, 400, "BAD_REQUEST")),
        ),
        fault(
            "a conflict does not say where",
            Group::State,
            UNIQUE,
            Effect::Reply(|_, reply| {
                if reply.status == 409 {
                    tell(reply, "CONFLICT");
                }
            }),
        ),
    ]
}
