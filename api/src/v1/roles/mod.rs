//! Roles: what they may do, how far they reach, what they open.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use custodian_application::{App, roles};
use custodian_domain::roles::{FieldRule, Role, RuleTarget};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::http::{ETag, Lang, ListProblems, Listing, May, Pages, Problem, Query, ReadProblems, page_of, single};
use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_roles).service(show_role);
}

needs! {
    /// Reads roles.
    ReadRoles = RolesRead;
}

/// One role.
#[derive(Serialize, ToSchema)]
pub struct RoleBody {
    /// Its code.
    code: String,
    /// Its name in the language asked for.
    label: String,
    /// Permission codes.
    permissions: Vec<&'static str>,
    /// `own`, `department`, `department_tree`, `region` or `organization`.
    data_scope: &'static str,
    /// What it opens beyond the defaults of the classifications; the most specific rule wins.
    field_rules: Vec<FieldRuleBody>,
    /// Purposes that it is bound to; empty for none.
    purposes: Vec<String>,
}

/// One rule of a role.
#[derive(Serialize, ToSchema)]
pub struct FieldRuleBody {
    /// `field:<key>`, `category:<code>` or `classification:<code>`.
    on: String,
    /// How much is shown: `hidden`, `masked`, `reveal` or `read`; null leaves the default.
    view: Option<&'static str>,
    /// Whether it may be changed; null leaves it off.
    edit: Option<bool>,
    /// Beats every other role.
    deny: bool,
}

impl From<&FieldRule> for FieldRuleBody {
    fn from(rule: &FieldRule) -> Self {
        let FieldRule { on, view, edit, deny } = rule;
        let on = match on {
            RuleTarget::Field(key) => format!("field:{key}"),
            RuleTarget::Category(category) => format!("category:{}", category.as_str()),
            RuleTarget::Classification(classification) => format!("classification:{}", classification.as_str()),
        };
        Self { on, view: view.map(|v| v.as_str()), edit: *edit, deny: *deny }
    }
}

fn body(role: &Role, lang: Lang) -> RoleBody {
    let Role { code, labels, permissions, data_scope, field_rules, purposes } = role;
    RoleBody {
        code: code.clone(),
        label: if lang == Lang::Zh { labels.zh.clone() } else { labels.en.clone() },
        permissions: permissions.iter().map(|p| p.code()).collect(),
        data_scope: data_scope.as_str(),
        field_rules: field_rules.iter().map(FieldRuleBody::from).collect(),
        purposes: purposes.clone(),
    }
}

/// List roles.
///
/// Every role in force, with permissions, scope and field rules.
#[utoipa::path(
    tag = "roles", security(("bearer" = [])),
    params(("limit" = Option<u32>, Query, description = "1 to 200, 50 by default"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "Every role.", body = Listing<RoleBody>,
        example = json!({"data": [role_example()], "next_cursor": null})), ListProblems))]
#[get("/roles")]
pub async fn list_roles(
    may: May<ReadRoles>,
    app: Data<App>,
    req: HttpRequest,
    mut query: Query,
) -> Result<HttpResponse, Problem> {
    let lang = Lang::of(req.headers());
    let data = roles::list(&app, &may).await?.iter().map(|role| body(role, lang)).collect();
    let pages = Pages::new(app.cursor_key(), may.organization(), "/v1/roles", &query);
    Ok(HttpResponse::Ok().json(page_of(data, &pages, &mut query)?))
}

/// Read one role.
#[utoipa::path(
    tag = "roles", security(("bearer" = [])), params(("code" = String, Path, description = "Code of the role, such as `sales`")),
    description = "One role by its code.",
    responses((status = 200, description = "The role.", body = RoleBody, example = json!(role_example())), (status = 304, description = "Unchanged since the `ETag` of `If-None-Match`."), ReadProblems))]
#[get("/roles/{code}")]
pub async fn show_role(
    may: May<ReadRoles>,
    app: Data<App>,
    req: HttpRequest,
    code: Path<String>,
) -> Result<HttpResponse, Problem> {
    let role = body(roles::find(&app, &may, &code).await?, Lang::of(req.headers()));
    single(&req, ETag::of_body(&role, &may.identity.rights), &role)
}

fn role_example() -> serde_json::Value {
    json!({"code": "marketing", "label": "Marketing", "permissions": ["customers.read"], "data_scope": "organization",
        "field_rules": [{"on": "classification:sensitive", "view": "masked", "edit": null, "deny": false}], "purposes": []})
}
