"""Hands Alertmanager's webhook to the coordinators as alerts of theirs.

A group is taken by one coordinator as a whole or not at all; when none takes it Alertmanager is told so and sends
it again. An alert that is over is handed on with its threshold as its value: how far it recovered isn't said, only
that the condition holds no more.
"""
import json
import os
import ssl
import urllib.error
import urllib.request

from common import Handler, say, secret, serve, stop_on_signals

TRUST = ssl.create_default_context(cafile="/run/secrets/authority.pem")
COORDINATORS = os.environ["AIOPS_COORDINATOR"].split(",")


def translated(alert):
    labels, notes = alert["labels"], alert.get("annotations", {})
    threshold = float(notes["threshold"])
    is_over = alert["status"] == "resolved"
    tags = {name: value for name, value in labels.items() if name not in ("metric", "resource", "condition")}
    return {
        "alert_id": alert["fingerprint"], "metric_name": labels["metric"], "resource": labels["resource"],
        "condition": labels["condition"], "threshold": threshold,
        "current_value": threshold if is_over else float(notes["value"]),
        "timestamp": alert["endsAt"] if is_over else alert["startsAt"],
        "description": notes.get("description", ""), "tags": tags}


def hand_on(alerts):
    """Whether a coordinator took them, and what was answered."""
    last = "no coordinator is named"
    for base in COORDINATORS:
        request = urllib.request.Request(
            base.strip() + "/aiops/alerts", json.dumps(alerts).encode(),
            {"Content-Type": "application/json", "Authorization": "Bearer " + secret("token")})
        try:
            with urllib.request.urlopen(request, timeout=3, context=TRUST) as answer:
                return True, answer.read(4096).decode(errors="replace")
        except urllib.error.HTTPError as error:
            last = f"{error.code} {error.read(300).decode(errors='replace')}"
        except OSError as error:
            last = str(error)
    return False, last


class Relay(Handler):
    def do_GET(self):
        self.answer(200, {"status": "ok"})

    def do_POST(self):
        body = self.body()
        if self.path != "/alerts" or body is None:
            self.close_connection = True
            return self.answer(404, {"error": "only POST /alerts is here"})
        try:
            alerts = [translated(alert) for alert in json.loads(body)["alerts"]]
        except (ValueError, KeyError, TypeError) as error:
            # 4xx: sending it again would change nothing.
            say(f"an alert has not what it needs: {error!r}")
            return self.answer(422, {"error": "labels metric, resource, condition; annotations value, threshold"})
        taken, said = hand_on(alerts)
        names = ", ".join(f"{alert['metric_name']} of {alert['resource']}" for alert in alerts)
        say(f"{names}: {'taken' if taken else 'not taken'}: {said}")
        self.answer(200 if taken else 502, {"taken": taken})


serve(Relay, 9095)
stop_on_signals().wait()
