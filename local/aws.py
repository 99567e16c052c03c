"""What `cargo xtask` asks of the local cloud: one verb a call, JSON on standard output."""

import io
import json
import pathlib
import sys
import zipfile

import boto3
from botocore.config import Config

CONFIG = Config(retries={"max_attempts": 2}, connect_timeout=3, read_timeout=120)


def client(service):
    return boto3.client(service, config=CONFIG)


def prepare(bucket, identity):
    """What a deployment expects to be there: a bucket for artifacts, a verified sender."""
    client("s3").create_bucket(Bucket=bucket)
    client("sesv2").create_email_identity(EmailIdentity=identity)


def pairs(text):
    return dict(entry.split("=", 1) for entry in text.split(",") if entry)


def outputs(stack):
    """The stack's outputs, with its lists as objects."""
    described = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    values = {o["OutputKey"]: o["OutputValue"] for o in described["Outputs"]}
    print(json.dumps({
        "tables": pairs(values["Tables"]),
        "queues": pairs(values["Queues"]),
        "buckets": pairs(values["Buckets"]),
        "eventTopicArn": values["EventTopicArn"],
        "operationsTopicArn": values["OperationsTopicArn"],
        "relayFunction": values["RelayFunction"],
        # A stack that was deployed before them has none.
        "authWorkerFunction": values.get("AuthWorkerFunction"),
        "eventsWorkerFunction": values.get("EventsWorkerFunction"),
        "platformWorkerFunction": values.get("PlatformWorkerFunction"),
    }))


def environments(stack):
    """The environment of every function, by binary: what `cargo lambda watch` needs."""
    functions = {}
    for page in client("lambda").get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            name = function["FunctionName"].removeprefix(f"{stack}-")
            functions[name] = function.get("Environment", {}).get("Variables", {})
    print(json.dumps(functions))


def update_code(stack, directory, *binaries):
    """Gives functions the new build of their binary, without a deployment."""
    for binary in binaries:
        buffer = io.BytesIO()
        # Stored, not deflated: it travels over loopback.
        with zipfile.ZipFile(buffer, "w") as archive:
            info = zipfile.ZipInfo("bootstrap")
            info.external_attr = 0o755 << 16
            archive.writestr(info, (pathlib.Path(directory) / binary / "bootstrap").read_bytes())
        client("lambda").update_function_code(
            FunctionName=f"{stack}-{binary}", ZipFile=buffer.getvalue()
        )


def depth(*urls):
    """How many messages wait in each queue."""
    sqs = client("sqs")
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = {}
    for url in urls:
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        found[url] = {"waiting": int(attributes[names[0]]), "inFlight": int(attributes[names[1]])}
    print(json.dumps(found))


def redrive(source, target):
    """Moves dead letters back to their queue.

    A message is deleted only after it was sent, so a failure in between leaves it in
    both: consumers know what they have seen, and nothing is lost.
    """
    sqs = client("sqs")
    moved = 0
    while True:
        batch = sqs.receive_message(
            QueueUrl=source, MaxNumberOfMessages=10, WaitTimeSeconds=1,
            VisibilityTimeout=60, MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not batch:
            break
        for message in batch:
            sqs.send_message(
                QueueUrl=target, MessageBody=message["Body"],
                MessageAttributes=message.get("MessageAttributes", {}),
            )
            sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    print(json.dumps({"moved": moved}))


def message_of(failure):
    """The sentence in a function's failure: {"errorType": …, "errorMessage": …}."""
    try:
        return json.loads(failure)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        return failure


def answer_of(function, payload):
    reply = client("lambda").invoke(FunctionName=function, Payload=payload.encode())
    answer = reply["Payload"].read().decode()
    if reply.get("FunctionError"):
        raise SystemExit(f"{function} failed: {message_of(answer)}")
    return answer


def invoke(function, payload):
    """Invokes a function and prints its answer."""
    print(answer_of(function, payload))


def audit(function, chain):
    """Prints a chain of the audit log as an export has it, however long it is."""
    first = 1
    while first:
        part = json.loads(answer_of(function, json.dumps({"audit": {"chain": chain, "from": first}})))
        for line in part["lines"]:
            print(line)
        first = part["next"]


VERBS = {
    "prepare": prepare, "outputs": outputs, "environments": environments,
    "update-code": update_code, "depth": depth, "redrive": redrive, "invoke": invoke,
    "audit": audit,
}

if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in VERBS:
        raise SystemExit(f"usage: aws.py {'|'.join(VERBS)} …")
    VERBS[sys.argv[1]](*sys.argv[2:])
