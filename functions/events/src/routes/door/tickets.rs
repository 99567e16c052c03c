//! `GET /v1/events/{id}/registrations/me/tickets`, their QR codes, and
//! `GET /v1/events/{id}/attendees/{userId}/tickets`

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use qrcode::render::svg;
use qrcode::{Color, EcLevel, QrCode};
use serde::Serialize;
use shared::cx::Context;
use shared::http::{Path, Reply};
use shared::id::{EventId, UserId};
use shared::principal::{Permission, Principal};
use shared::problem::Problem;
use utoipa::ToSchema;

use super::super::{App, TAG};
use crate::model::{Registration, Ticket};

/// The empty border, in modules (ISO/IEC 18004 §6.3.8).
const QUIET: usize = 4;
/// Pixels of a module of the PNG.
const SCALE: usize = 8;

/// A ticket.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketView {
    /// Which of the registration's places, from 1.
    number: u8,
    /// The text of the QR code. Whoever has it gets in.
    ticket: String,
}

/// The tickets of a registration.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Tickets {
    /// One for each place.
    items: Vec<TicketView>,
}

/// Reads the caller's tickets, one for each place.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/registrations/me/tickets",
    tag = TAG,
    operation_id = "listMyTickets",
    params(("id" = EventId, Path, description = "The event.")),
    responses(
        (status = 200, description = "The tickets.", body = Tickets),
        (status = 404, description = "`not-found`: no registration with a place"),
    ),
    security(("bearer" = []))
)]
pub async fn list_my_tickets(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path(id): Path<EventId>,
) -> Result<Reply, Problem> {
    tickets(&app, &cx, id, principal.user_id).await
}

/// Reads somebody's tickets, for the event's organisers: to print or send them.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/attendees/{userId}/tickets",
    tag = TAG,
    operation_id = "listAttendeeTickets",
    params(
        ("id" = EventId, Path, description = "The event."),
        ("userId" = UserId, Path, description = "The registration's `userId`."),
    ),
    responses(
        (status = 200, description = "The tickets.", body = Tickets),
        (status = 403, description = "`forbidden`"),
        (status = 404, description = "`not-found`: no registration with a place"),
    ),
    security(("bearer" = []))
)]
pub async fn list_attendee_tickets(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path((id, user)): Path<(EventId, UserId)>,
) -> Result<Reply, Problem> {
    app.editable(id, &principal, Permission::EventEdit).await?;
    tickets(&app, &cx, id, user).await
}

/// The QR code of one of the caller's tickets as an SVG picture.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/registrations/me/tickets/{number}/qr.svg",
    tag = TAG,
    operation_id = "getTicketSvg",
    params(
        ("id" = EventId, Path, description = "The event."),
        ("number" = u8, Path, description = "Which of the places, from 1."),
    ),
    responses(
        (status = 200, description = "The picture.", body = String, content_type = "image/svg+xml"),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn ticket_svg(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path((id, number)): Path<(EventId, u8)>,
) -> Result<Response, Problem> {
    let code = qr(&one(&app, &cx, id, principal.user_id, number).await?)?;
    let svg = code
        .render::<svg::Color<'_>>()
        .min_dimensions(256, 256)
        .build();
    Ok(picture("image/svg+xml", svg.into_bytes()))
}

/// The QR code of one of the caller's tickets as a PNG picture.
#[utoipa::path(
    get,
    path = "/v1/events/{id}/registrations/me/tickets/{number}/qr.png",
    tag = TAG,
    operation_id = "getTicketPng",
    params(
        ("id" = EventId, Path, description = "The event."),
        ("number" = u8, Path, description = "Which of the places, from 1."),
    ),
    responses(
        (status = 200, description = "The picture.", body = Vec<u8>, content_type = "image/png"),
        (status = 404, description = "`not-found`"),
    ),
    security(("bearer" = []))
)]
pub async fn ticket_png(
    State(app): State<App>,
    cx: Context,
    principal: Principal,
    Path((id, number)): Path<(EventId, u8)>,
) -> Result<Response, Problem> {
    let code = qr(&one(&app, &cx, id, principal.user_id, number).await?)?;
    Ok(picture("image/png", png(&code).map_err(Problem::internal)?))
}

async fn tickets(app: &App, cx: &Context, id: EventId, user: UserId) -> Result<Reply, Problem> {
    let registration = placed(app, id, user).await?;
    let most = u8::try_from(registration.quantity).unwrap_or(u8::MAX);
    let tickets: Vec<Ticket> = (1..=most)
        .map(|number| ticket(&registration, number))
        .collect();
    let signed = app.keyring.sign(cx, &tickets).await?;
    let items = signed
        .into_iter()
        .zip(1..)
        .map(|(ticket, number)| TicketView { number, ticket })
        .collect();
    Reply::ok(&Tickets { items })
}

async fn one(
    app: &App,
    cx: &Context,
    id: EventId,
    user: UserId,
    number: u8,
) -> Result<String, Problem> {
    let registration = placed(app, id, user).await?;
    if number == 0 || u32::from(number) > registration.quantity {
        return Err(Problem::not_found("The ticket"));
    }
    let signed = app
        .keyring
        .sign(cx, &[ticket(&registration, number)])
        .await?;
    signed
        .into_iter()
        .next()
        .ok_or_else(|| Problem::not_found("The ticket"))
}

/// A registration that holds a place for good.
async fn placed(app: &App, id: EventId, user: UserId) -> Result<Registration, Problem> {
    app.store
        .registration(id, user)
        .await?
        .filter(|registration| registration.status.may_enter())
        .ok_or_else(|| Problem::not_found("The ticket"))
}

fn ticket(registration: &Registration, number: u8) -> Ticket {
    Ticket {
        event_id: registration.event_id,
        user_id: registration.user_id,
        registration_id: registration.id,
        number,
        ticket_type: registration.ticket_type.clone(),
    }
}

fn qr(text: &str) -> Result<QrCode, Problem> {
    QrCode::with_error_correction_level(text, EcLevel::M).map_err(Problem::internal)
}

/// One bit a pixel, black on white.
fn png(code: &QrCode) -> Result<Vec<u8>, png::EncodingError> {
    let modules = code.width() + 2 * QUIET;
    let side = modules * SCALE;
    let dark = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < code.width());
        let module = inside(x / SCALE).zip(inside(y / SCALE));
        module.is_some_and(|(x, y)| code[(x, y)] == Color::Dark)
    };
    let mut rows = Vec::with_capacity(side * side.div_ceil(8));
    for y in 0..side {
        for byte in 0..side.div_ceil(8) {
            let bits = (0..8).map(|bit| byte * 8 + bit);
            rows.push(bits.fold(0_u8, |all, x| (all << 1) | u8::from(!dark(x, y))));
        }
    }
    let mut file = Vec::new();
    let pixels = u32::try_from(side).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(&mut file, pixels, pixels);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rows)?;
    writer.finish()?;
    Ok(file)
}

/// A ticket's picture is the ticket: nobody on the way keeps it.
fn picture(content_type: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    (headers, bytes).into_response()
}
