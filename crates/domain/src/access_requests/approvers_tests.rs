//! Who decides: by example, and for random companies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn user(number: u128) -> UserId {
    UserId::from(Uuid::from_u128(number))
}

fn department(number: u128) -> DepartmentId {
    DepartmentId::from(Uuid::from_u128(number))
}

/// 1 reports to 2, 2 to 3; 4 and 5 are officers. 1 sits in department 11 beneath 10, which 3 heads; 2 heads 11.
fn company() -> Staffing {
    let one = |supervisor: Option<u128>, path: &[u128], roles: &[&str]| Colleague {
        may_decide: true,
        supervisor: supervisor.map(user),
        department_path: path.iter().map(|id| department(*id)).collect(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        stand_in: None,
    };
    let people = [
        (1, one(Some(2), &[10, 11], &["sales"])),
        (2, one(Some(3), &[10, 11], &["manager"])),
        (3, one(None, &[10], &["manager"])),
        (4, one(None, &[10], &["dpo"])),
        (5, one(None, &[10], &["dpo", "manager"])),
    ];
    Staffing {
        people: people.into_iter().map(|(id, one)| (user(id), one)).collect(),
        heads: [(department(10), user(3)), (department(11), user(2))].into(),
    }
}

fn ids(staff: &Staffing, requester: u128, step: &Step, escalated: bool) -> Vec<UserId> {
    let case = Case { requester: user(requester), decided: &[] };
    staff.deciders(&case, step, escalated).into_iter().map(|one| one.user).collect()
}

fn role(code: &str) -> Approver {
    Approver::Role(code.to_owned())
}

#[test]
fn each_kind_of_approver_is_found() {
    let staff = company();
    let of = |requester, approver| ids(&staff, requester, &Step::of(approver, &[]), false);
    assert_eq!(of(1, Approver::Supervisor), [user(2)]);
    assert_eq!(of(1, Approver::DepartmentHead), [user(2)]);
    assert_eq!(of(2, Approver::DepartmentHead), [user(3)], "the head's own request goes to the head above");
    assert_eq!(of(3, Approver::DepartmentHead), []);
    assert_eq!(of(1, role("dpo")), [user(4), user(5)]);
    assert_eq!(of(5, role("dpo")), [user(4)], "an officer's own request goes to the other officer");
    assert_eq!(of(1, Approver::User(user(3))), [user(3)]);
    assert_eq!(of(3, Approver::User(user(3))), []);
    assert_eq!(of(1, Approver::User(user(99))), []);
}

#[test]
fn escalation_adds_and_takes_nobody_away() {
    let staff = company();
    let step = Step::of(Approver::Supervisor, &[Approver::DepartmentHead, role("dpo")]);
    assert_eq!(ids(&staff, 1, &step, false), [user(2)]);
    assert_eq!(ids(&staff, 1, &step, true), [user(2), user(4), user(5)]);
}

#[test]
fn who_stands_in_decides_for_somebody_who_is_away() {
    let mut staff = company();
    staff.people.get_mut(&user(2)).unwrap().stand_in = Some(user(3));
    staff.people.get_mut(&user(3)).unwrap().stand_in = Some(user(4));
    let case = Case { requester: user(1), decided: &[] };
    let found = staff.deciders(&case, &Step::of(Approver::Supervisor, &[]), false);
    let expected =
        [Decider { user: user(2), on_behalf_of: None }, Decider { user: user(4), on_behalf_of: Some(user(2)) }];
    assert_eq!(found, expected);
}

#[test]
fn no_delegation_leads_back_to_the_requester() {
    let mut staff = company();
    let step = Step::of(Approver::Supervisor, &[]);
    staff.people.get_mut(&user(2)).unwrap().stand_in = Some(user(1));
    assert_eq!(ids(&staff, 1, &step, false), [user(2)], "the requester does not stand in for the own approver");
    staff.people.get_mut(&user(1)).unwrap().stand_in = Some(user(2));
    assert_eq!(ids(&staff, 1, &step, true), [], "two who stand in for each other are as one");
    let case = Case { requester: user(1), decided: &[] };
    assert!(staff.is_barred(&case, &step, user(2)) && staff.is_barred(&case, &step, user(1)));
    assert!(!staff.is_barred(&case, &step, user(4)));
}

#[test]
fn two_steps_need_two_people() {
    let staff = company();
    let officer = || Step::of(role("dpo"), &[]);
    assert!(staff.can_be_decided(user(1), &[officer(), officer()]));
    assert!(!staff.can_be_decided(user(5), &[officer(), officer()]), "one officer is left, and one is not two");
    assert!(!staff.can_be_decided(user(1), &[officer(), officer(), officer()]));
    assert!(
        staff.can_be_decided(user(1), &[officer(), Step::of(Approver::User(user(4)), &[])]),
        "the other one goes first"
    );
    let case = Case { requester: user(1), decided: &[user(4)] };
    assert_eq!(staff.deciders(&case, &officer(), false), [Decider { user: user(5), on_behalf_of: None }]);
}

#[test]
fn who_may_not_decide_is_not_asked() {
    let mut staff = company();
    staff.people.get_mut(&user(2)).unwrap().may_decide = false;
    assert_eq!(ids(&staff, 1, &Step::of(Approver::Supervisor, &[]), false), []);
    assert!(!staff.can_be_decided(user(1), &[Step::of(Approver::Supervisor, &[])]));
}

fn companies() -> impl Strategy<Value = Staffing> {
    let someone = || proptest::option::of(0_u128..8);
    let colleague = (any::<bool>(), someone(), proptest::collection::vec(0_u128..4, 0..3), any::<bool>(), someone());
    let heads = proptest::collection::vec((0_u128..4, 0_u128..8), 0..4);
    (proptest::collection::vec(colleague, 8), heads).prop_map(|(people, heads)| Staffing {
        people: (0_u128..)
            .zip(people)
            .map(|(id, (may_decide, supervisor, path, officer, stand_in))| {
                let one = Colleague {
                    may_decide,
                    supervisor: supervisor.map(user),
                    department_path: path.into_iter().map(department).collect(),
                    roles: officer.then(|| "dpo".to_owned()).into_iter().collect(),
                    stand_in: stand_in.filter(|other| *other != id).map(user),
                };
                (user(id), one)
            })
            .collect(),
        heads: heads.into_iter().map(|(id, head)| (department(id), user(head))).collect(),
    })
}

fn approvers() -> impl Strategy<Value = Approver> {
    prop_oneof![
        Just(Approver::Supervisor),
        Just(Approver::DepartmentHead),
        Just(role("dpo")),
        (0_u128..9).prop_map(|id| Approver::User(user(id))),
    ]
}

proptest! {
    #[test]
    fn nobody_decides_about_their_own(staff in companies(), first in approvers(), then in approvers(), requester in 0_u128..8, before in 0_u128..8) {
        let step = Step::of(first, &[then]);
        let decided = [user(before)];
        let case = Case { requester: user(requester), decided: &decided };
        let usual = staff.deciders(&case, &step, false);
        let escalated = staff.deciders(&case, &step, true);
        for decider in &escalated {
            prop_assert_ne!(decider.user, case.requester);
            prop_assert!(!decided.contains(&decider.user), "one person is not two");
            prop_assert!(staff.people[&decider.user].may_decide);
            let mut acts_for = case.requester;
            for _ in 0..8 {
                let Some(next) = staff.people.get(&acts_for).and_then(|one| one.stand_in) else { break };
                prop_assert_ne!(decider.user, next, "acts for the requester");
                acts_for = next;
            }
        }
        prop_assert!(usual.iter().all(|one| escalated.contains(one)), "escalation takes nobody away");
        let people: BTreeSet<UserId> = escalated.iter().map(|one| one.user).collect();
        prop_assert_eq!(people.len(), escalated.len(), "each once");
        if staff.can_be_decided(case.requester, &[step.clone(), step.clone()]) {
            let alone = Case { decided: &[], ..case };
            prop_assert!(staff.deciders(&alone, &step, true).len() >= 2);
        }
    }
}
