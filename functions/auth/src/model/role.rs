//! Who may give which role.

use shared::principal::{Permission, Role};

/// Whether somebody with the role `own` may grant, change or take away `other`:
/// only roles that can do nothing beyond their own.
pub fn reaches(own: Role, other: Role) -> bool {
    Permission::ALL
        .iter()
        .all(|permission| !other.permits(*permission) || own.permits(*permission))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn or_03_nobody_reaches_above_their_own_role() {
        assert!(reaches(Role::Owner, Role::Owner));
        assert!(reaches(Role::Owner, Role::Admin));
        assert!(reaches(Role::Admin, Role::Admin));
        assert!(!reaches(Role::Admin, Role::Owner));
        assert!(!reaches(Role::Member, Role::Admin));
        for role in Role::ALL {
            assert!(reaches(Role::Owner, *role), "{role:?}");
            assert!(reaches(*role, Role::Member), "{role:?}");
        }
    }
}
