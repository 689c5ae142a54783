//! What is indexed for a value, and what a search looks up.
use super::{Field, Refusal, SearchKind};

impl Field {
    pub fn search_terms(&self, _stored: &str) -> Vec<(SearchKind, String)> {
        unimplemented!()
    }
    pub fn query_term(&self, _kind: SearchKind, _raw: &str) -> Result<String, Refusal> {
        unimplemented!()
    }
}
