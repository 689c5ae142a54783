//! Imports: files in.

mod errors;
mod form;
mod undo;
mod upload;

use utoipa_actix_web::service_config::ServiceConfig;

/// Routes of this capability.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(upload::create_import)
        .service(errors::list_import_errors)
        .service(undo::undo_import)
        .service(undo::list_import_kept);
}

mod may {
    use crate::needs;

    needs! {
        /// Imports.
        RunImports = ImportsRun;
        /// Follows an import.
        FollowImports = JobsRead;
    }
}
