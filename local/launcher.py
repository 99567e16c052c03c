"""Starts the local cloud: ministack with the gaps closed that Plenary would notice.

Everything here patches the emulator at start-up; each patch says what it is for.
`README.md` beside this file lists the quirks that remain.
"""

import asyncio
import collections
import contextvars
import email.utils
import itertools
import json
import os
import pathlib
import queue
import signal
import threading
import time

if "AWS_ENDPOINT_URL" not in os.environ or os.environ.get("BIND_HOST") != "127.0.0.1":
    raise SystemExit("Start the local cloud with `cargo xtask up`, which prepares its environment.")

from hypercorn.config import Config  # noqa: E402
from ministack import app as emulator  # noqa: E402
from ministack.core import iam_actions, lambda_runtime, responses  # noqa: E402
from ministack.services import apigateway, lambda_svc, ses_v2, sqs  # noqa: E402
from ministack.services.cloudformation import provisioners  # noqa: E402

STACK = os.environ["PLENARY_STACK"]
LOG_DIR = pathlib.Path(os.environ["PLENARY_LOG_DIR"])
MAX_IN_FLIGHT = int(os.environ.get("PLENARY_MAX_IN_FLIGHT", "32"))
# API Gateway's own limit; functions see at most 6 MB and answer 413 themselves.
MAX_BODY = 10 * 1024 * 1024
OWN_PATHS = ("/v1", "/.well-known")


# --- HTTP: the deployed API answers on the emulator's own port -----------------


def is_api_path(path: str) -> bool:
    return any(path == prefix or path.startswith(prefix + "/") for prefix in OWN_PATHS)


def deployed_api():
    """The id, account and region of the stack's HTTP API, or None before it is deployed."""
    for (account, region, api_id), api in apigateway._apis.all_items():
        if api.get("name") == STACK and api.get("protocolType") == "HTTP":
            return api_id, account, region
    return None


def json_reply(status: int, message: str):
    return status, {"Content-Type": "application/json"}, json.dumps({"message": message}).encode()


async def read_body(receive) -> bytes | None:
    """The whole request body; None when it is longer than API Gateway takes."""
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY:
            chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks) if size <= MAX_BODY else None


def request_headers(scope) -> dict:
    headers = {}
    for name, value in scope["headers"]:
        name, value = name.decode("latin-1").lower(), value.decode("latin-1")
        if name in headers:
            headers[name] += ("; " if name == "cookie" else ",") + value
        else:
            headers[name] = value
    return headers


async def answer(scope, receive):
    api = deployed_api()
    if api is None:
        return json_reply(503, f"The stack {STACK} is not deployed yet")
    api_id, account, region = api
    responses.set_request_account_id(account)
    responses.set_request_region(region)
    responses.set_request_client_ip((scope.get("client") or ("127.0.0.1",))[0])
    body = await read_body(receive)
    if body is None:
        return json_reply(413, "Request Entity Too Large")
    raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").split("?")[0]
    query = scope.get("query_string", b"").decode("latin-1")
    return await apigateway.handle_execute(
        api_id, "$default", apigateway.decode_http_api_path(raw_path), scope["method"],
        request_headers(scope), body, emulator.parse_qs(query, keep_blank_values=True),
        raw_query_string=query,
    )


async def gateway(scope, receive, send):
    """Hands API requests to the deployed API and everything else to the emulator."""
    if scope["type"] != "http" or not is_api_path(scope["path"]):
        return await ORIGINAL_APP(scope, receive, send)
    send = emulator._with_date_header(send)
    try:
        status, headers, body = await answer(scope, receive)
    except ConnectionResetError:
        return None
    bodiless = scope["method"] == "HEAD" or status in (204, 304)
    if bodiless:
        headers = {k: v for k, v in headers.items() if k.lower() != "content-length"}
        if status not in (204, 304):
            headers["Content-Length"] = str(len(body))
        body = b""
    headers.setdefault("apigw-requestid", os.urandom(11).hex())
    return await emulator._send_response(send, status, headers, body, head=bodiless)


ORIGINAL_APP = emulator.app
emulator.app = gateway

# --- The event that functions see ----------------------------------------------

_in_flight: asyncio.Semaphore | None = None
_run_reentrant = apigateway.run_reentrant


async def invoke_bounded(function, record, event, *args, **kwargs):
    """Completes the HTTP event and bounds the number of environments.

    The emulator writes 127.0.0.1 for every caller, which would put all of them
    under one rate limit, and leaves out `cookies`. A burst of a thousand requests
    would start a thousand processes on this machine; here they queue instead.
    """
    global _in_flight
    if _in_flight is None:
        _in_flight = asyncio.Semaphore(MAX_IN_FLIGHT)
    if isinstance(event, dict) and "http" in event.get("requestContext", {}):
        event["requestContext"]["http"]["sourceIp"] = responses.get_request_client_ip()
        cookie = event["headers"].get("cookie")
        if cookie:
            event["cookies"] = [part.strip() for part in cookie.split(";")]
    async with _in_flight:
        return await _run_reentrant(function, record, event, *args, **kwargs)


apigateway.run_reentrant = invoke_bounded

# --- Warm invocations without about 95 ms of artificial delay ---------------------

_handler_class = lambda_runtime.ProvidedWorker._build_handler_class


def without_nagle(self, generation, pending):
    handler = _handler_class(self, generation, pending)
    handler.disable_nagle_algorithm = True
    return handler


lambda_runtime.ProvidedWorker._build_handler_class = without_nagle
lambda_runtime.Worker._drain_stderr_bounded = lambda self, *_, **__: self._drain_stderr()

# --- Logs: one file per function, complete and at once -----------------------------


def tee_output(self, stream, log_queue) -> None:
    """Copies a function's output to its log file as well as to the emulator's log group.

    The log group receives a line only when a later invocation ends; `cargo xtask logs`
    reads the files, which are never behind.
    """
    path = LOG_DIR / f"{self.func_name}.log"
    with stream, path.open("a", encoding="utf-8") as log:
        for raw in iter(stream.readline, b""):
            line = raw.decode("utf-8", errors="replace").rstrip("\r\n")
            log.write(line + "\n")
            log.flush()
            try:
                log_queue.put_nowait(line)
            except queue.Full:
                # Nobody has drained the group's copy; the file has the line.
                pass


lambda_runtime.ProvidedWorker._pump_output = tee_output

# --- CloudFormation: alarms by metric math -------------------------------------------

_alarm_record = provisioners._cw_metric_alarm_record


def alarm_record(name, props):
    """Deploys an alarm over an expression as one over its first metric.

    The emulator refuses metric math. No metrics arrive here that could set such an
    alarm off, so what counts is that the template deploys as it stands.
    """
    if props.get("Metrics"):
        stat = next(m["MetricStat"] for m in props["Metrics"] if "MetricStat" in m)
        props = {key: value for key, value in props.items() if key != "Metrics"}
        props |= stat["Metric"] | {"Period": stat["Period"], "Statistic": stat["Stat"]}
    return _alarm_record(name, props)


provisioners._cw_metric_alarm_record = alarm_record

# --- Queues: a failed message comes again soon --------------------------------------------

RETRY_SECONDS = (1, 2, 4)
_run_sqs_batch = lambda_svc._run_sqs_batch


def run_sqs_batch(mapping, function, event, batch, queue_url, queue_name):
    """Shortens the wait of messages that failed.

    They stay invisible for six times the function's timeout, which is right on AWS
    and would keep a test of a poison message waiting for ten minutes.
    """
    _run_sqs_batch(mapping, function, event, batch, queue_url, queue_name)
    queue = sqs._queues.get(queue_url) or {"messages": []}
    handles = {message["receipt_handle"] for message in batch}
    for message in queue["messages"]:
        if message.get("receipt_handle") in handles:
            tries = min(message.get("receive_count", 1), len(RETRY_SECONDS))
            soon = time.time() + RETRY_SECONDS[tries - 1]
            message["visible_at"] = min(message["visible_at"], soon)


lambda_svc._run_sqs_batch = run_sqs_batch

# --- CloudFormation: values in the shape that the services expect -----------------------

_esm_concurrency = lambda_svc._sqs_esm_concurrency


def esm_concurrency(mapping, *args):
    """A Number parameter arrives as text and would stop the queue poller for good."""
    scaling = mapping.get("ScalingConfig")
    if scaling and isinstance(scaling.get("MaximumConcurrency"), str):
        scaling["MaximumConcurrency"] = int(scaling["MaximumConcurrency"])
    return _esm_concurrency(mapping, *args)


lambda_svc._sqs_esm_concurrency = esm_concurrency


def with_api_names(original):
    """CloudFormation stores CORS under template names; the gateway reads the API's."""

    def wrapped(config, origin):
        return original({key[0].lower() + key[1:]: value for key, value in config.items()}, origin)

    return wrapped


apigateway._cors_response_headers = with_api_names(apigateway._cors_response_headers)
apigateway._cors_preflight_response = with_api_names(apigateway._cors_preflight_response)

# --- IAM: the condition keys that the roles of template.yaml use ------------------------

_extract_action = iam_actions.extract_iam_action
_tag_context = iam_actions.request_tag_context
_dynamodb_context = iam_actions.dynamodb_service_context
_enforce_ses_v2 = emulator._enforce_ses_v2
_enforce_data_plane = emulator._enforce_data_plane
_mail: contextvars.ContextVar[dict | None] = contextvars.ContextVar("mail", default=None)


def parsed(body: bytes) -> dict:
    try:
        value = json.loads(body or b"{}")
    except (ValueError, TypeError):
        return {}
    return value if isinstance(value, dict) else {}


def request_context(service, action, body, params):
    """Adds kms:EncryptionContext:*, without which no such condition is ever met."""
    context = _tag_context(service, action, body, params)
    if service == "kms":
        sealed_for = parsed(body).get("EncryptionContext") or {}
        context |= {f"kms:encryptioncontext:{k.lower()}": v for k, v in sealed_for.items()}
    return context


def dynamodb_context(body):
    """Adds dynamodb:LeadingKeys for operations on one key."""
    context = _dynamodb_context(body)
    key = parsed(body).get("Key") or {}
    if "pk" in key:
        context["dynamodb:leadingkeys"] = list(key["pk"].values())
    return context


def iam_action(*args, **kwargs):
    """AWS authorises a batch as the action that it is a batch of."""
    action = _extract_action(*args, **kwargs)
    return "sns:Publish" if action == "sns:PublishBatch" else action


def enforce_ses_v2(method, path, headers, body, params, request_id):
    """Remembers the mail for the check below, which does not see the body."""
    token = _mail.set(parsed(body))
    try:
        return _enforce_ses_v2(method, path, headers, body, params, request_id)
    finally:
        _mail.reset(token)


def enforce_data_plane(service, action, *args, **kwargs):
    """Checks a mail against its sender's identity, with ses:FromAddress, not against `*`;
    a whole message is another action, as on AWS."""
    mail = _mail.get() or {}
    sender = email.utils.parseaddr(mail.get("FromEmailAddress", ""))[1]
    if service == "sesv2" and action == "ses:SendEmail" and sender:
        if "Raw" in mail.get("Content", {}):
            action = "ses:SendRawEmail"
        domain = sender.rpartition("@")[2]
        account, region = responses.get_account_id(), responses.get_region()
        kwargs["resource_arn"] = f"arn:aws:ses:{region}:{account}:identity/{domain}"
        kwargs["service_context"] = {"ses:fromaddress": sender}
    return _enforce_data_plane(service, action, *args, **kwargs)


iam_actions.extract_iam_action = iam_action
iam_actions.request_tag_context = request_context
iam_actions.dynamodb_service_context = dynamodb_context
emulator._enforce_ses_v2 = enforce_ses_v2
emulator._enforce_data_plane = enforce_data_plane

# --- SES: the mailbox keeps whole messages ----------------------------------------------

_parse_raw_mime = ses_v2._parse_raw_mime
_sent_emails_list = ses_v2._sent_emails_list
_handle_ses_messages = emulator._handle_ses_messages_request
_raw: contextvars.ContextVar[str] = contextvars.ContextVar("raw", default="")
_messages: dict[str, str] = {}


def parse_raw_mime(raw):
    """Remembers the message for the list below, which keeps its text and HTML alone."""
    _raw.set(raw)
    return _parse_raw_mime(raw)


class SentEmails(collections.UserList):
    """The list of what was sent; the whole message is kept under its id."""

    def __init__(self, mails):
        super().__init__()
        self.data = mails

    def append(self, mail):
        super().append(mail)
        _messages[mail["MessageId"]] = _raw.get()
        _raw.set("")


async def handle_ses_messages(*args):
    """Adds to each mail `Raw`: the whole message in base64."""
    reply = await _handle_ses_messages(*args)
    if reply is None or reply[0] != 200:
        return reply
    status, headers, body = reply
    body = json.loads(body)
    for mail in itertools.chain.from_iterable(body["messages"].values()):
        mail["Raw"] = _messages.get(mail["MessageId"], "")
    return status, headers, json.dumps(body).encode()


ses_v2._parse_raw_mime = parse_raw_mime
ses_v2._sent_emails_list = lambda: SentEmails(_sent_emails_list())
emulator._handle_ses_messages_request = handle_ses_messages

# --- A cloud for one test run ends with that run, however that ends ---------------------


def end_with(owner: int) -> None:
    while True:
        time.sleep(1)
        try:
            os.kill(owner, 0)
        except ProcessLookupError:
            os.killpg(os.getpgid(0), signal.SIGTERM)


if "PLENARY_OWNER" in os.environ:
    threading.Thread(target=end_with, args=[int(os.environ["PLENARY_OWNER"])], daemon=True).start()

# --- The server -----------------------------------------------------------------

# A connection that closes after 1,000 requests, and a short accept queue, both
# look like faults of the API to a client that sends a burst.
Config.keep_alive_max_requests = 2**31
Config.backlog = 4096

if __name__ == "__main__":
    LOG_DIR.mkdir(parents=True, exist_ok=True)
    print(f"{time.strftime('%H:%M:%S')} starting for stack {STACK}", flush=True)
    emulator.main()
