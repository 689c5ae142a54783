//! What is known of one request while it runs: its id, its language, its caller and its pace.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::http::{Method, Uri};
use actix_web::{HttpMessage, HttpRequest};
use custodian_application::Call;
use custodian_application::audit::Noted;
use tokio::sync::Notify;

use super::locale::Lang;
use super::rate::Quota;

/// One request's facts. The transport makes it first of all; extractors add the caller.
#[derive(Debug)]
pub struct Context {
    /// Answered as `X-Request-Id`.
    pub request_id: String,
    /// Of problems and labels.
    pub lang: Lang,
    /// As the caller sent it.
    pub uri: Uri,
    /// As the caller sent it; `HEAD` runs as `GET`.
    pub method: Method,
    /// When the head had arrived.
    pub started: Instant,
    /// How long the request may still take.
    pub pace: Pace,
    /// The entry that it leaves in the audit log.
    pub noted: Noted,
    call: OnceCell<CallSlot>,
    quota: Cell<Option<Quota>>,
    deciding: Cell<bool>,
    decided: Notify,
}

/// Keeps the call out of `Debug`.
struct CallSlot(Call);

impl std::fmt::Debug for CallSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[call]")
    }
}

impl Context {
    /// The context of a request that has just arrived.
    pub fn new(request_id: String, lang: Lang, method: Method, uri: Uri, timeout: Duration) -> Self {
        let started = Instant::now();
        Self {
            request_id,
            lang,
            uri,
            method,
            started,
            pace: Pace::new(started, timeout),
            noted: Noted::default(),
            call: OnceCell::new(),
            quota: Cell::new(None),
            deciding: Cell::new(false),
            decided: Notify::new(),
        }
    }

    /// The request's context; a fresh one where no transport stands in front.
    pub fn of(req: &HttpRequest) -> Rc<Self> {
        if let Some(context) = req.extensions().get::<Rc<Self>>() {
            return Rc::clone(context);
        }
        let lang = Lang::of(req.headers());
        let (method, uri) = (req.method().clone(), req.uri().clone());
        let context = Rc::new(Self::new(String::new(), lang, method, uri, Duration::from_secs(10)));
        req.extensions_mut().insert(Rc::clone(&context));
        context
    }

    /// The path, without the query: a query may hold what a person typed.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The call, once the caller is known.
    pub fn call(&self) -> Option<&Call> {
        self.call.get().map(|slot| &slot.0)
    }

    /// Keeps the call for the refusal entry and the rate headers. The first one stays.
    pub fn set_call(&self, call: Call) {
        let _ = self.call.set(CallSlot(call));
    }

    /// What is left of the caller's minute.
    pub fn quota(&self) -> Option<Quota> {
        self.quota.get()
    }

    /// Keeps what is left for the answer's headers.
    pub fn set_quota(&self, quota: Quota) {
        self.quota.set(Some(quota));
    }

    /// Says that the caller is about to be looked up: see [`Context::caller_decided`].
    pub fn begin_deciding(&self) {
        self.deciding.set(true);
    }

    /// Says that the caller may go on.
    pub fn end_deciding(&self) {
        self.deciding.set(false);
        self.decided.notify_waiters();
    }

    /// Waits until the caller is known. Extractors of one handler run side by side; without this the faults of a
    /// body could be told to someone who may not call at all.
    pub async fn caller_decided(&self) {
        while self.deciding.get() {
            self.decided.notified().await;
        }
    }
}

/// A deadline that a streaming route moves on with every chunk.
#[derive(Debug)]
pub struct Pace {
    timeout: Duration,
    deadline: Cell<Instant>,
    reading: Cell<bool>,
}

impl Pace {
    fn new(now: Instant, timeout: Duration) -> Self {
        Self { timeout, deadline: Cell::new(now + timeout), reading: Cell::new(false) }
    }

    /// When the request is given up.
    pub fn deadline(&self) -> Instant {
        self.deadline.get()
    }

    /// Whether the body is still being read, so that a time-out is the caller's.
    pub fn reading(&self) -> bool {
        self.reading.get()
    }

    /// Marks the start and the end of reading a body.
    pub fn set_reading(&self, reading: bool) {
        self.reading.set(reading);
    }

    /// Gives the request another whole time-out, counted from now: for a route that reads a stream, once per chunk.
    pub fn extend(&self) {
        self.deadline.set(Instant::now() + self.timeout);
    }
}
