//! Forms: made and published by staff, shown by anybody's page, and what people send by them.

mod bodies;
mod manage;
mod page;
mod submissions;

use utoipa_actix_web::service_config::ServiceConfig;

use crate::needs;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(manage::list_forms)
        .service(manage::create_form)
        .service(page::show_form_schema)
        .service(page::issue_form_token)
        .service(page::submit_form)
        .service(submissions::list_form_submissions)
        .service(submissions::show_form_submission)
        .service(submissions::accept_form_submission)
        .service(submissions::dismiss_form_submission)
        .service(manage::publish_form)
        .service(manage::retire_form)
        .service(manage::show_form)
        .service(manage::change_form);
}

needs! {
    /// Reads forms.
    ReadForms = FormsRead;
    /// Makes, publishes and retires forms.
    ManageForms = FormsManage;
    /// Decides about what was sent.
    DecideForms = FormsDecide;
}

const PATH: &str = "/v1/forms";
