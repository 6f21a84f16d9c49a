"""A device made with AWS's device SDK: device.py 5|3 PORT THING

Uses the shadow client of the SDK, over MQTT 5 or 3.1.1, with the classic and with a named shadow.
"""
import queue
import sys

import awsiot
from awscrt import mqtt, mqtt5
from awscrt.mqtt_request_response import ClientOptions, SubscriptionStatusEventType
from awsiot import iotshadow

version, port, thing = sys.argv[1], int(sys.argv[2]), sys.argv[3]
PATIENCE = 20


def connected():
    if version == "5":
        up = queue.Queue()
        client = mqtt5.Client(mqtt5.ClientOptions(
            host_name="127.0.0.1", port=port, on_lifecycle_event_connection_success_fn=up.put,
            connect_options=mqtt5.ConnectPacket(client_id=f"device-{thing}")))
        client.start()
        up.get(timeout=PATIENCE)
        return client
    connection = mqtt.Connection(client=mqtt.Client(None, None), host_name="127.0.0.1", port=port, client_id=f"device-{thing}")
    connection.connect().result(PATIENCE)
    return connection


# The shadow client does not keep the connection alive.
connection = connected()
shadows = iotshadow.IotShadowClientV2(
    connection, ClientOptions(max_request_response_subscriptions=6, max_streaming_subscriptions=4, operation_timeout_in_seconds=PATIENCE))


def stream(create, request):
    """Subscribes, and returns the queue of what comes."""
    events, status = queue.Queue(), queue.Queue()
    operation = create(request, awsiot.ServiceStreamOptions(
        incoming_event_listener=events.put, subscription_status_listener=lambda event: status.put(event.type)))
    operation.open()
    assert status.get(timeout=PATIENCE) == SubscriptionStatusEventType.SUBSCRIPTION_ESTABLISHED
    events.operation = operation
    return events


def refused(code, future):
    try:
        future.result(PATIENCE)
    except awsiot.V2ServiceException as error:
        assert error.modeled_error.code == code, error.modeled_error
        return
    raise AssertionError(f"not refused with {code}")


def classic():
    names = {"thing_name": thing}
    refused(404, shadows.get_shadow(iotshadow.GetShadowRequest(**names)))
    deltas = stream(shadows.create_shadow_delta_updated_stream, iotshadow.ShadowDeltaUpdatedSubscriptionRequest(**names))
    documents = stream(shadows.create_shadow_updated_stream, iotshadow.ShadowUpdatedSubscriptionRequest(**names))

    def update(**parts):
        return shadows.update_shadow(iotshadow.UpdateShadowRequest(state=iotshadow.ShadowState(**parts), **names)).result(PATIENCE)

    assert update(reported={"colour": "red"}).version == 1
    document = documents.get(timeout=PATIENCE)
    assert document.current.version == 1 and document.current.state.reported == {"colour": "red"}
    answer = update(desired={"colour": "green"})
    assert answer.version == 2 and answer.state.desired == {"colour": "green"} and answer.client_token
    delta = deltas.get(timeout=PATIENCE)
    assert delta.state == {"colour": "green"} and delta.version == 2 and delta.metadata["colour"]["timestamp"]
    document = documents.get(timeout=PATIENCE)
    assert document.previous.version == 1 and document.current.state.desired == {"colour": "green"}
    update(reported={"colour": "green"})
    shown = shadows.get_shadow(iotshadow.GetShadowRequest(**names)).result(PATIENCE)
    assert shown.state.delta is None and shown.state.reported == {"colour": "green"} and shown.version == 3
    refused(409, shadows.update_shadow(iotshadow.UpdateShadowRequest(state=iotshadow.ShadowState(reported={"a": 1}), version=1, **names)))
    assert shadows.delete_shadow(iotshadow.DeleteShadowRequest(**names)).result(PATIENCE).version == 3
    refused(404, shadows.get_shadow(iotshadow.GetShadowRequest(**names)))
    assert deltas.empty(), "what is reported as it is desired makes no difference"


def named():
    names = {"thing_name": thing, "shadow_name": "lamp"}
    refused(404, shadows.get_named_shadow(iotshadow.GetNamedShadowRequest(**names)))
    deltas = stream(shadows.create_named_shadow_delta_updated_stream, iotshadow.NamedShadowDeltaUpdatedSubscriptionRequest(**names))

    def update(**parts):
        return shadows.update_named_shadow(
            iotshadow.UpdateNamedShadowRequest(state=iotshadow.ShadowState(**parts), **names)).result(PATIENCE)

    update(desired={"level": 7, "scene": {"name": "evening"}}, reported={"level": 7})
    assert deltas.get(timeout=PATIENCE).state == {"scene": {"name": "evening"}}
    shown = shadows.get_named_shadow(iotshadow.GetNamedShadowRequest(**names)).result(PATIENCE)
    assert shown.state.delta == {"scene": {"name": "evening"}} and shown.metadata.reported["level"]["timestamp"]
    refused(413, shadows.update_named_shadow(
        iotshadow.UpdateNamedShadowRequest(state=iotshadow.ShadowState(reported={"text": "x" * 9000}), **names)))
    assert shadows.delete_named_shadow(iotshadow.DeleteNamedShadowRequest(**names)).result(PATIENCE).version == 1
    command = {"thing_name": thing, "shadow_name": "command"}
    refused(403, shadows.update_named_shadow(
        iotshadow.UpdateNamedShadowRequest(state=iotshadow.ShadowState(desired={"command": "unlock"}), **command)))


for case in [classic, named]:
    case()
    print(f"{case.__name__}: as it should be")
