//! The cases: what each request asks for.

use std::cell::Cell;

use super::consents::{Agreed, consent};
use super::load::Draw;

/// One measured kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Case {
    /// One customer by id, as staff.
    SingleRead,
    /// One customer by the id that a partner knows it by, with the partner's key.
    PartnerRead,
    /// A search by a whole mobile number, as staff.
    SearchExact,
    /// A search by the last four digits of a mobile number, ten at most, as staff.
    #[value(name = "search_last4")]
    SearchLast4,
    /// The first fifty customers, as staff.
    #[value(name = "list_50")]
    List50,
    /// The oldest fifty customers through a view of twenty columns, all of which they have a value in.
    #[value(name = "list_50_view")]
    List50View,
    /// The funnel of all opportunities by stage, as staff.
    Funnel,
    /// A new customer with all its fields.
    Create,
    /// Stage and two fields of one customer, whatever its version.
    Patch,
    /// Whether one customer may be written to for marketing, as staff.
    Decide,
    /// The same of 10,000 customers in one call.
    #[value(name = "decide_10k")]
    Decide10k,
    /// A consent to marketing.
    Give,
    /// A consent withdrawn.
    Withdraw,
}

impl Case {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::SingleRead,
        Self::PartnerRead,
        Self::SearchExact,
        Self::SearchLast4,
        Self::List50,
        Self::List50View,
        Self::Funnel,
        Self::Create,
        Self::Patch,
        Self::Decide,
        Self::Decide10k,
        Self::Give,
        Self::Withdraw,
    ];
    /// Reads of which it is asked how long one takes.
    pub(super) const TIMED: [Self; 5] =
        [Self::SingleRead, Self::SearchExact, Self::SearchLast4, Self::List50, Self::List50View];
    /// Those that need consents to be there.
    pub(super) const OF_CONSENTS: [Self; 4] = [Self::Decide, Self::Decide10k, Self::Give, Self::Withdraw];

    /// Its key in the results.
    pub const fn key(self) -> &'static str {
        match self {
            Self::SingleRead => "single_read",
            Self::PartnerRead => "partner_read",
            Self::SearchExact => "search_exact",
            Self::SearchLast4 => "search_last4",
            Self::List50 => "list_50",
            Self::List50View => "list_50_view",
            Self::Funnel => "funnel",
            Self::Create => "create",
            Self::Patch => "patch",
            Self::Decide => "decide",
            Self::Decide10k => "decide_10k",
            Self::Give => "give",
            Self::Withdraw => "withdraw",
        }
    }
}

/// Everything that requests are made of.
pub(super) struct Material {
    /// Header line of a member of staff, who owns every customer.
    pub staff: String,
    /// Header line of the partner's key.
    pub partner: String,
    /// Id of the owner's view of twenty columns.
    pub view: String,
    /// The customers' ids.
    pub ids: Vec<String>,
    /// The same as the partner knows them.
    pub partner_ids: Vec<String>,
    /// Mobile numbers on file.
    pub mobiles: Vec<String>,
    /// Bodies to create with, cut where the customer number goes.
    pub bodies: Vec<(String, String)>,
    /// Counts what was written, so that no two requests write the same.
    pub written: Cell<u64>,
    /// For the cases about consents.
    pub agreed: Agreed,
}

impl Material {
    /// Appends the next request of a case.
    pub(super) fn write(&self, case: Case, draw: &mut Draw, out: &mut Vec<u8>) {
        let empty = String::new();
        match case {
            Case::SingleRead => self.read(draw.one(&self.ids).unwrap_or(&empty), &self.staff, out),
            Case::PartnerRead => self.read(draw.one(&self.partner_ids).unwrap_or(&empty), &self.partner, out),
            Case::SearchExact => {
                let query = ["?q[mobile]=", draw.one(&self.mobiles).unwrap_or(&empty)];
                self.head(&["GET /v1/customers", &query.concat()], &self.staff, &["\r\n"], out);
            }
            Case::SearchLast4 => {
                let mobile = draw.one(&self.mobiles).unwrap_or(&empty);
                let last = mobile.len().checked_sub(4).and_then(|at| mobile.get(at..)).unwrap_or_default();
                let query = ["?limit=10&q[mobile_last4]=", last];
                self.head(&["GET /v1/customers", &query.concat()], &self.staff, &["\r\n"], out);
            }
            Case::List50View => {
                let target = ["GET /v1/customers?limit=50&sort=created_at&view=", &self.view];
                self.head(&target, &self.staff, &["\r\n"], out)
            }
            Case::Funnel => self.head(&["GET /v1/reports/funnel"], &self.staff, &["\r\n"], out),
            Case::List50 => self.head(&["GET /v1/customers?limit=50"], &self.staff, &["\r\n"], out),
            Case::Create => self.create(draw, out),
            Case::Patch => self.patch(draw, out),
            Case::Decide => {
                let asked = ["?purpose=marketing&customer_id=", draw.one(&self.ids).unwrap_or(&empty)].concat();
                self.head(&["GET /v1/consent-decisions", &asked], &self.staff, &["\r\n"], out);
            }
            Case::Decide10k => self.send(&["POST /v1/consent-decisions"], &self.agreed.many, out),
            Case::Give => {
                let Some(id) = draw.one(self.without_consent()) else { return };
                let body = consent(&self.agreed.notice).to_string();
                self.send(&["POST /v1/customers/", id, "/consents"], &body, out);
            }
            Case::Withdraw => {
                let next = usize::try_from(self.count()).unwrap_or(0) % self.agreed.consents.len().max(1);
                let Some(id) = self.agreed.consents.get(next) else { return };
                self.send(&["POST /v1/consents/", id, "/withdraw"], "{}", out);
            }
        }
    }

    /// Those whom nobody agrees for yet: consents that are there to be withdrawn stay in force until they are.
    fn without_consent(&self) -> &[String] {
        let others = self.ids.get(self.agreed.consents.len()..).filter(|others| !others.is_empty());
        others.unwrap_or(&self.ids)
    }

    fn read(&self, id: &str, credential: &str, out: &mut Vec<u8>) {
        self.head(&["GET /v1/customers/", id], credential, &["\r\n"], out);
    }

    fn send(&self, target: &[&str], body: &str, out: &mut Vec<u8>) {
        let length = body.len().to_string();
        let rest = ["Content-Type: application/json\r\nContent-Length: ", &length, "\r\n\r\n", body];
        self.head(target, &self.staff, &rest, out);
    }

    fn create(&self, draw: &mut Draw, out: &mut Vec<u8>) {
        let Some((head, tail)) = draw.one(&self.bodies) else {
            return;
        };
        let number = format!("N{:09}", self.count());
        let length = (head.len() + number.len() + tail.len()).to_string();
        let rest = ["Content-Type: application/json\r\nContent-Length: ", &length, "\r\n\r\n", head, &number, tail];
        self.head(&["POST /v1/customers"], &self.staff, &rest, out);
    }

    fn patch(&self, draw: &mut Draw, out: &mut Vec<u8>) {
        let Some(id) = draw.one(&self.ids) else { return };
        let number = self.count();
        let stage = draw.one(&["lead", "prospect", "qualified", "customer"]).copied().unwrap_or("lead");
        let body = format!(
            "{{\"stage\":\"{stage}\",\"fields\":{{\"email\":\"changed{number}@example.com\",\"notes\":\"约好第{number}次回电\"}}}}"
        );
        let length = body.len().to_string();
        let rest = [
            "If-Match: *\r\nContent-Type: application/merge-patch+json\r\nContent-Length: ",
            &length,
            "\r\n\r\n",
            &body,
        ];
        self.head(&["PATCH /v1/customers/", id], &self.staff, &rest, out);
    }

    fn count(&self) -> u64 {
        let next = self.written.get() + 1;
        self.written.set(next);
        next
    }

    fn head(&self, target: &[&str], credential: &str, rest: &[&str], out: &mut Vec<u8>) {
        let lines = [" HTTP/1.1\r\nHost: custodian\r\nAccept: application/json\r\n", credential, "\r\n"];
        for part in target.iter().chain(&lines).chain(rest) {
            out.extend_from_slice(part.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn material() -> Material {
        let text = |text: &str| vec![text.to_owned()];
        Material {
            staff: "Authorization: Bearer t".into(),
            partner: "X-API-Key: k".into(),
            view: "v".into(),
            ids: text("one"),
            partner_ids: text("other"),
            mobiles: text("13812345678"),
            bodies: vec![("{\"n\":\"".into(), "\"}".into())],
            written: Cell::new(0),
            agreed: Agreed { notice: "n".into(), consents: text("given"), many: "{}".into() },
        }
    }

    fn request(of: &Material, case: Case) -> String {
        let mut out = Vec::new();
        of.write(case, &mut Draw::new(1), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_case_asks_as_whom_it_says() {
        let material = material();
        assert!(request(&material, Case::SingleRead).starts_with("GET /v1/customers/one HTTP/1.1\r\n"));
        let partner = request(&material, Case::PartnerRead);
        assert!(partner.contains("/other ") && partner.contains("\r\nX-API-Key: k\r\n\r\n"));
        assert!(request(&material, Case::SearchExact).starts_with("GET /v1/customers?q[mobile]=13812345678 "));
        let last = request(&material, Case::SearchLast4);
        assert!(last.starts_with("GET /v1/customers?limit=10&q[mobile_last4]=5678 "));
        assert!(request(&material, Case::List50View).starts_with("GET /v1/customers?limit=50&sort=created_at&view=v "));
    }

    #[test]
    fn bodies_are_as_long_as_they_say_and_never_the_same() {
        let material = material();
        for case in [Case::Create, Case::Patch] {
            let (one, other) = (request(&material, case), request(&material, case));
            assert_ne!(one, other);
            let (head, body) = one.split_once("\r\n\r\n").unwrap();
            let length = head.split("Content-Length: ").nth(1).unwrap();
            assert_eq!(length, body.len().to_string());
        }
    }

    #[test]
    fn consents_are_asked_for_given_and_withdrawn_as_the_contract_says() {
        let material = material();
        assert!(request(&material, Case::Decide).contains("?purpose=marketing&customer_id=one HTTP/1.1\r\n"));
        assert!(request(&material, Case::Decide10k).ends_with("Content-Length: 2\r\n\r\n{}"));
        assert!(request(&material, Case::Give).starts_with("POST /v1/customers/one/consents HTTP/1.1\r\n"));
        assert!(request(&material, Case::Withdraw).starts_with("POST /v1/consents/given/withdraw HTTP/1.1\r\n"));
    }

    #[test]
    fn keys_and_option_values_are_the_same_words() {
        use clap::ValueEnum;
        for case in Case::ALL {
            assert_eq!(case.to_possible_value().unwrap().get_name(), case.key());
        }
    }
}
