//! Paths and methods that no handler takes.

use std::rc::Rc;

use actix_web::guard::GuardContext;
use actix_web::http::header::ALLOW;
use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use utoipa::openapi::{OpenApi, PathItem};

use super::context::Context;
use super::edge::Edge;
use super::problem::Problem;

/// Served beside the documented paths.
const UNDOCUMENTED: [&str; 2] = ["/docs", "/docs/{file}"];

/// What is handed over once, or opened by what works once: asking for the head alone would use it up, and whoever looks ahead of somebody would take it from them.
const ONCE: [&str; 4] =
    ["/v1/auth/sso/{provider}/callback", "/v1/events/stream", "/v1/privacy-requests/{id}/package", "/v1/self/package"];

/// Guards a route of [`ONCE`]: `HEAD` runs as `GET` everywhere else.
pub fn no_head(guard: &GuardContext<'_>) -> bool {
    guard.req_data().get::<Rc<Context>>().is_none_or(|context| context.method != Method::HEAD)
}

/// Which methods each documented path takes.
#[derive(Debug)]
pub struct AllowTable(Vec<Line>);

#[derive(Debug)]
struct Line {
    route: String,
    segments: Vec<Segment>,
    allow: String,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    /// Before `Any` in order, so that `/users/me` is found before `/users/{id}`.
    Literal(String),
    Any,
    /// `{path}` stands for all that follows.
    Rest,
}

impl AllowTable {
    /// The table of a document, and of paths `beside` it with their methods.
    pub fn of(document: &OpenApi, beside: &[(&str, &[&str])]) -> Self {
        let documented = document.paths.paths.iter().map(|(route, item)| Line::new(route, &methods(item)));
        let mut lines: Vec<_> = documented
            .chain(UNDOCUMENTED.map(|route| Line::new(route, &["GET"])))
            .chain(beside.iter().map(|(route, methods)| Line::new(route, methods)))
            .collect();
        lines.sort_by(|one, other| one.segments.cmp(&other.segments));
        Self(lines)
    }

    /// The `Allow` of a path.
    pub fn allowed(&self, path: &str) -> Option<&str> {
        self.find(path).map(|line| line.allow.as_str())
    }

    /// The route of a path.
    pub fn route(&self, path: &str) -> Option<&str> {
        self.find(path).map(|line| line.route.as_str())
    }

    fn find(&self, path: &str) -> Option<&Line> {
        self.0.iter().find(|line| line.matches(path))
    }
}

impl Line {
    fn new(route: &str, methods: &[&str]) -> Self {
        let segment = |text: &str| match text {
            "{path}" => Segment::Rest,
            text if text.starts_with('{') => Segment::Any,
            text => Segment::Literal(text.to_owned()),
        };
        let head = (methods.contains(&"GET") && !ONCE.contains(&route)).then_some("HEAD");
        let all: Vec<_> = methods.iter().copied().chain(head).chain(["OPTIONS"]).collect();
        Self { route: route.to_owned(), segments: route.split('/').map(segment).collect(), allow: all.join(", ") }
    }

    fn matches(&self, path: &str) -> bool {
        let mut parts = path.split('/');
        let open = self.segments.last() == Some(&Segment::Rest);
        let matched = self.segments.iter().all(|segment| match (segment, parts.next()) {
            (Segment::Literal(literal), Some(part)) => literal == part,
            (Segment::Any | Segment::Rest, Some(part)) => !part.is_empty(),
            (_, None) => false,
        });
        matched && (open || parts.next().is_none())
    }
}

fn methods(item: &PathItem) -> Vec<&'static str> {
    let all = [
        ("GET", item.get.is_some()),
        ("POST", item.post.is_some()),
        ("PUT", item.put.is_some()),
        ("PATCH", item.patch.is_some()),
        ("DELETE", item.delete.is_some()),
    ];
    all.into_iter().filter(|(_, taken)| *taken).map(|(method, _)| method).collect()
}

/// The default service: `404`, or `405` with `Allow`, or the answer to `OPTIONS`.
pub async fn fallback(req: HttpRequest) -> Result<HttpResponse, Problem> {
    let allowed = req.app_data::<Data<Edge>>().and_then(|edge| edge.allowed(req.path()));
    let Some(allowed) = allowed else {
        return Err(Problem::of("not_found"));
    };
    if req.method() == Method::OPTIONS {
        return Ok(HttpResponseBuilder::new(StatusCode::NO_CONTENT).insert_header((ALLOW, allowed)).finish());
    }
    let problem = Problem::of("method_not_allowed");
    Err(match allowed.parse() {
        Ok(value) => problem.with_header(ALLOW, value),
        Err(_) => problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_segments_come_before_placeholders() {
        let mut table = AllowTable(vec![
            Line::new("/v1/users/{id}", &["GET", "PATCH"]),
            Line::new("/v1/users/me", &["GET"]),
            Line::new("/v1/users/{id}/offboard", &["POST"]),
        ]);
        table.0.push(Line::new("/v1/audit/tiles/{level}/{path}", &["GET"]));
        table.0.sort_by(|one, other| one.segments.cmp(&other.segments));
        assert_eq!(table.route("/v1/audit/tiles/0/x001/067.p/4"), Some("/v1/audit/tiles/{level}/{path}"));
        assert_eq!(table.route("/v1/audit/tiles/0"), None);
        assert_eq!(table.allowed("/v1/users/me"), Some("GET, HEAD, OPTIONS"));
        assert_eq!(table.allowed("/v1/users/x"), Some("GET, PATCH, HEAD, OPTIONS"));
        assert_eq!(table.allowed("/v1/users/x/offboard"), Some("POST, OPTIONS"));
        assert_eq!(table.route("/v1/users/x/offboard"), Some("/v1/users/{id}/offboard"));
        for unknown in ["/v1/users", "/v1/users/", "/v1/users/x/", "/v1/users/x/y", "//v1/users/me", ""] {
            assert_eq!(table.allowed(unknown), None, "{unknown}");
        }
    }
}
