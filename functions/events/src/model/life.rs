//! The life of an event as types: each status has the moves that it allows and
//! no others, so that a wrong move is not refused but cannot be written.

use super::status::{Move, Status};

/// That an event's organisation wants it approved (C35); only this lets a
/// draft be submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approval(());

/// That nobody has to agree; only this lets a draft be published at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Liberty(());

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident { $($moves:tt)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub struct $name(());

            impl $name {
                /// The status to keep.
                pub const fn status(self) -> Status {
                    Status::$name
                }

                statuses!(@moves $($moves)*);
            }
        )*

        /// An event's life at run time.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Life { $($name($name),)* }

        impl From<Status> for Life {
            fn from(status: Status) -> Self {
                match status { $(Status::$name => Self::$name($name(())),)* }
            }
        }
    };
    (@moves $($move:ident($($proof:ty)?) -> $to:ident;)*) => {
        $(
            /// The move.
            pub const fn $move(self $(, _: $proof)?) -> $to {
                $to(())
            }
        )*
    };
}

statuses! {
    /// Being written.
    Draft { submit(Approval) -> Submitted; publish(Liberty) -> Published; }
    /// Waiting for a decision.
    Submitted { approve() -> Approved; reject() -> Rejected; }
    /// Decided: may be published.
    Approved { publish() -> Published; cancel() -> Cancelled; }
    /// Decided: needs work.
    Rejected { revise() -> Draft; }
    /// Open to everybody.
    Published { cancel() -> Cancelled; complete() -> Completed; }
    /// Will not take place.
    Cancelled {}
    /// Over.
    Completed {}
}

/// The one place where a move that a request names meets the types.
pub(super) fn after(status: Status, step: Move, needs_approval: bool) -> Option<Status> {
    let rule = if needs_approval {
        Err(Approval(()))
    } else {
        Ok(Liberty(()))
    };
    Some(match (Life::from(status), step, rule) {
        (Life::Draft(event), Move::Submit, Err(approval)) => event.submit(approval).status(),
        (Life::Draft(event), Move::Publish, Ok(liberty)) => event.publish(liberty).status(),
        (Life::Submitted(event), Move::Approve, _) => event.approve().status(),
        (Life::Submitted(event), Move::Reject, _) => event.reject().status(),
        (Life::Rejected(event), Move::Revise, _) => event.revise().status(),
        (Life::Approved(event), Move::Publish, _) => event.publish().status(),
        (Life::Approved(event), Move::Cancel, _) => event.cancel().status(),
        (Life::Published(event), Move::Cancel, _) => event.cancel().status(),
        (Life::Published(event), Move::Complete, _) => event.complete().status(),
        _ => return None,
    })
}
