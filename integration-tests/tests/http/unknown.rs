//! Paths that do not exist.

use crate::support::{Org, shared};

#[tokio::test]
async fn an_unknown_path_is_a_problem_like_any_other() {
    shared().stranger().get("/v1/nothing").await.refuses(404, "not_found");
    let asha = Org::found().await.sales_a().await;
    asha.get("/v1/nothing").await.refuses(404, "not_found");
    asha.get("/v1/customers").await.shows(200);
}
