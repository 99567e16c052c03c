"""Checks of template.yaml that `sam validate --lint` and cfn-lint do not make.

Every rule here has let something through once: SAM ignores misspelt event properties
and targets, a queue may time out under its function, a code folder may be misspelt.
Prints what is wrong and exits 1, or prints the resource count.
"""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys

import yaml
from samtranslator.translator.transform import transform

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMIT = 400
EVENT_PROPERTIES = {
    "SQS": {"Queue", "BatchSize", "FunctionResponseTypes", "ScalingConfig", "FilterCriteria", "Enabled"},
    "DynamoDB": {
        "Stream", "StartingPosition", "BatchSize", "BisectBatchOnFunctionError",
        "MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "DestinationConfig",
        "FilterCriteria", "ParallelizationFactor", "FunctionResponseTypes",
    },
}
# What Ref and GetAtt may name beside a type's own attributes in cfn-lint's schemas.
ATTRIBUTES = {
    "AWS::Serverless::Function": {"Arn"},
    "AWS::DynamoDB::Table": {"Arn", "StreamArn"},
    "AWS::SQS::Queue": {"Arn", "QueueName", "QueueUrl"},
    "AWS::IAM::Role": {"Arn", "RoleId"},
    "AWS::KMS::Key": {"Arn", "KeyId"},
    "AWS::S3::Bucket": {"Arn", "DomainName", "RegionalDomainName"},
    "AWS::Logs::LogGroup": {"Arn"},
    "AWS::ApiGatewayV2::Api": {"ApiEndpoint", "ApiId"},
}


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def short_form(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", short_form)


def load():
    return yaml.load((ROOT / "template.yaml").read_text(), Loader)


def walk(value):
    """Every mapping in a value."""
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from walk(child)
    elif isinstance(value, list):
        for child in value:
            yield from walk(child)


def references(value):
    """Every `(resource, attribute)` that a value names; no attribute for a Ref."""
    for node in walk(value):
        if "Ref" in node:
            yield node["Ref"], None
        if "Fn::GetAtt" in node:
            yield tuple(node["Fn::GetAtt"])
        if "Fn::Sub" in node:
            text = node["Fn::Sub"] if isinstance(node["Fn::Sub"], str) else node["Fn::Sub"][0]
            for name in re.findall(r"\$\{([A-Za-z0-9:.]+)\}", text):
                yield tuple(name.split(".", 1)) if "." in name else (name, None)


def as_list(value):
    return value if isinstance(value, list) else [value]


def binaries():
    """The binaries of the functions, by cargo."""
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    packages = json.loads(subprocess.check_output(command, cwd=ROOT))["packages"]
    inside = str(ROOT / "functions") + "/"
    return {
        target["name"]
        for package in packages if package["manifest_path"].startswith(inside)
        for target in package["targets"] if target["kind"] == ["bin"]
    }


class Check:
    def __init__(self, template):
        self.template = template
        self.resources = template["Resources"]
        self.faults = []

    def of(self, kind):
        return {k: r["Properties"] for k, r in self.resources.items() if r["Type"] == kind}

    def fault(self, text):
        self.faults.append(text)

    def names(self):
        known = set(self.resources) | set(self.template["Parameters"])
        for name, attribute in references([self.resources, self.template["Outputs"]]):
            if name.startswith("AWS::"):
                continue
            if name not in known:
                self.fault(f"{name} is named but does not exist")
            elif attribute and attribute not in ATTRIBUTES.get(self.resources[name]["Type"], ()):
                self.fault(f"{name}.{attribute} is no attribute of {self.resources[name]['Type']}")

    def functions(self):
        functions = self.of("AWS::Serverless::Function")
        timeout = self.template["Globals"]["Function"]["Timeout"]
        pointed = set()
        for name, function in functions.items():
            binary = function["CodeUri"].removeprefix("target/lambda/").rstrip("/")
            pointed.add(binary)
            if function["FunctionName"] != {"Fn::Sub": "${AWS::StackName}-" + binary}:
                self.fault(f"{name}: the function is not named after its binary {binary}")
            self.role(name, function)
            self.logs(name, function, binary)
            self.alarms(name)
            for event, source in function.get("Events", {}).items():
                self.event(f"{name}.{event}", source, function.get("Timeout", timeout))
        for binary in pointed ^ binaries():
            self.fault(f"{binary}: the workspace and the template differ")

    def role(self, name, function):
        """OP-01, OP-14: one function changes, and fails, without the others."""
        role = self.resources.get(function["Role"]["Fn::GetAtt"][0], {}).get("Properties", {})
        if function["Role"] != {"Fn::GetAtt": [f"{name}Role", "Arn"]} or not role.get("Policies"):
            self.fault(f"{name}: no role with a policy of its own")

    def logs(self, name, function, binary):
        group = self.of("AWS::Logs::LogGroup").get(f"{name}Logs")
        if function.get("LoggingConfig") != {"LogGroup": {"Ref": f"{name}Logs"}} or not group:
            self.fault(f"{name}: no log group of its own")
        elif group["LogGroupName"] != {"Fn::Sub": "/aws/lambda/${AWS::StackName}-" + binary}:
            self.fault(f"{name}: its log group has another name")
        elif "RetentionInDays" not in group:
            self.fault(f"{name}: its logs are kept for ever")

    def alarms(self, name):
        """OB-11: what goes wrong reaches the operations topic."""
        for label, alarm in self.of("AWS::CloudWatch::Alarm").items():
            if alarm.get("AlarmActions") != [{"Ref": "OperationsTopic"}]:
                self.fault(f"{label}: tells nobody")
        watched = collections.defaultdict(set)
        for alarm in self.of("AWS::CloudWatch::Alarm").values():
            for node in walk(alarm):
                if "MetricName" in node:
                    for target, _ in references(node.get("Dimensions", [])):
                        watched[target].add(node["MetricName"])
        self.watched = watched
        for metric in ("Errors", "Throttles"):
            if metric not in watched[name]:
                self.fault(f"{name}: no alarm on {metric}")

    def event(self, where, source, timeout):
        known = EVENT_PROPERTIES.get(source["Type"])
        if known is None:
            return self.fault(f"{where}: unexpected type {source['Type']}")
        for unknown in set(source["Properties"]) - known:
            self.fault(f"{where}: there is no property {unknown}")
        if source["Type"] == "SQS":
            queue = source["Properties"]["Queue"]["Fn::GetAtt"][0]
            visible = self.of("AWS::SQS::Queue").get(queue, {}).get("VisibilityTimeout", 30)
            if visible < 6 * timeout:
                self.fault(f"{queue}: visible again after {visible} s, under 6 × {timeout} s of its function")
            if "ReportBatchItemFailures" not in source["Properties"].get("FunctionResponseTypes", []):
                self.fault(f"{where}: one bad message would fail its whole batch")

    def queues(self):
        queues = self.of("AWS::SQS::Queue")
        policies = self.of("AWS::SQS::QueuePolicy")
        covered = {name for p in policies.values() for name, _ in references(p["Queues"])}
        fed = {n for s in self.of("AWS::SNS::Subscription").values() for n, _ in references(s["Endpoint"])}
        for name, queue in queues.items():
            if not queue.get("SqsManagedSseEnabled"):
                self.fault(f"{name}: not encrypted")
            if "RedrivePolicy" in queue and "ApproximateAgeOfOldestMessage" not in self.watched[name]:
                self.fault(f"{name}: no alarm on the age of its messages")
            if name.endswith("Dlq") and "ApproximateNumberOfMessagesVisible" not in self.watched[name]:
                self.fault(f"{name}: no alarm on its depth")
            if name in fed and name not in covered:
                self.fault(f"{name}: the topic may not send to it")

    def subscriptions(self):
        contracts = (ROOT / "events/contracts").glob("*.json")
        types = {re.sub(r"\.v\d+$", "", contract.stem) for contract in contracts}
        for name, subscription in self.of("AWS::SNS::Subscription").items():
            if subscription["Protocol"] != "sqs":
                continue
            if subscription.get("RawMessageDelivery") is not True:
                self.fault(f"{name}: messages would come in SNS's envelope")
            for kind in subscription["FilterPolicy"]["type"]:
                if kind not in types:
                    self.fault(f"{name}: there is no contract for {kind}")

    def statements(self):
        """Functions name what they do and to what; X-Ray alone knows no resources."""
        for name, resource in self.resources.items():
            if resource["Type"] not in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy"):
                continue
            for node in walk(resource["Properties"]):
                for action in as_list(node.get("Action", [])):
                    if "*" in action:
                        self.fault(f"{name}: the action {action} is a wildcard")
                tracing = all(a.startswith("xray:") for a in as_list(node.get("Action", [])))
                if node.get("Resource") == "*" and not tracing:
                    self.fault(f"{name}: a statement for every resource")

    def tables(self):
        """SC-04: encryption at rest, by a key of the account."""
        streamed = {
            table for f in self.of("AWS::Serverless::Function").values()
            for e in f.get("Events", {}).values() if e["Type"] == "DynamoDB"
            for table, _ in references(e["Properties"]["Stream"])
        }
        for name, table in self.of("AWS::DynamoDB::Table").items():
            if not table.get("SSESpecification", {}).get("SSEEnabled"):
                self.fault(f"{name}: not encrypted with a key of the account")
            if ("StreamSpecification" in table) != (name in streamed):
                self.fault(f"{name}: its stream and the relay do not meet")

    def stores(self):
        """SC-04, for what is no table and no queue."""
        for name, topic in self.of("AWS::SNS::Topic").items():
            if "KmsMasterKeyId" not in topic:
                self.fault(f"{name}: not encrypted")
        for name, bucket in self.of("AWS::S3::Bucket").items():
            if "BucketEncryption" not in bucket:
                self.fault(f"{name}: not encrypted")
            if set(bucket.get("PublicAccessBlockConfiguration", {}).values()) != {True}:
                self.fault(f"{name}: may be made public")

    def dashboard(self):
        """OB-12: one dashboard, with the figures of every group."""
        boards = list(self.of("AWS::CloudWatch::Dashboard").values())
        text = json.dumps(boards)
        for metric in ("Latency", "5xx", "Errors", "Throttles", "IteratorAge", "ApproximateAgeOfOldestMessage"):
            if metric not in text:
                self.fault(f"no dashboard shows {metric}")
        for board in boards:
            json.loads(board["DashboardBody"]["Fn::Sub"])

    def parameters(self):
        """OP-11: the operator's guide names every parameter, with its group in the template."""
        documented = (ROOT / "docs/operators/deploying.md").read_text()
        grouped = json.dumps(self.template["Metadata"])
        for name in self.template["Parameters"]:
            if f"`{name}`" not in documented or f'"{name}"' not in grouped:
                self.fault(f"parameter {name}: not in deploying.md, or in no group of the template")

    def secrets(self):
        """SC-05, OP-08: no secret stands in the template, only references to them."""
        for name, function in self.of("AWS::Serverless::Function").items():
            for variable in function.get("Environment", {}).get("Variables", {}):
                if re.search(r"SECRET|PASSWORD|PRIVATE", variable):
                    self.fault(f"{name}: {variable} is fetched on first use, not passed")
        for name, parameter in self.template["Parameters"].items():
            if re.search(r"secret|password|token$|privatekey", name, re.I):
                self.fault(f"parameter {name}: pass a reference to the secret, not the secret")

    def run(self):
        self.functions()
        for check in (self.names, self.queues, self.subscriptions, self.statements, self.tables, self.stores,
                      self.dashboard, self.parameters, self.secrets):
            check()
        return self.faults


def translated(template):
    """The template as CloudFormation sees it."""
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    managed = type("NoManagedPolicies", (), {"load": lambda self: {}})()
    # The translator asks for a region to know the partition.
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    return transform(template, {}, managed)


def main():
    faults = Check(load()).run()
    resources = translated(load())["Resources"]
    if len(resources) > LIMIT:
        faults.append(f"{len(resources)} resources; the limit is {LIMIT} of CloudFormation's 500")
    documented = (ROOT / "docs/resources.md").read_text()
    if f"**{len(resources)} resources**" not in documented:
        faults.append(f"{len(resources)} resources; docs/resources.md says another number")
    for fault in sorted(set(faults)):
        print(f"template.yaml: {fault}", file=sys.stderr)
    if faults:
        raise SystemExit(1)
    print(f"  {len(resources)} resources of at most {LIMIT}")
    if "--count" in sys.argv:
        for kind, count in collections.Counter(r["Type"] for r in resources.values()).most_common():
            print(f"  {count:>4} {kind}")


if __name__ == "__main__":
    main()
