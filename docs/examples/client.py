"""Keepwatch from Python: prints the status, orders maintenance for a minute, follows what happens, takes the order back.

    apt install python3-grpcio python3-protobuf protobuf-compiler protobuf-compiler-grpc libprotobuf-dev
    protoc -I proto --python_out=stubs --grpc_python_out=stubs \\
        --plugin=protoc-gen-grpc_python=/usr/bin/grpc_python_plugin proto/keepwatch/v1/*.proto
    PYTHONPATH=stubs python3 client.py

KEEPWATCH_ADDRESS is unix:/path or host:port (default: the socket of this machine); for host:port KEEPWATCH_CERT, KEEPWATCH_KEY
and KEEPWATCH_CA name the certificate of this client, its key, and the authority of the server.
"""

import os
import sys
import threading

import grpc
from keepwatch.v1 import control_pb2, control_pb2_grpc, order_pb2, vrrp_pb2

ADDRESS = os.environ.get("KEEPWATCH_ADDRESS", "unix:///run/keepwatch/keepwatchd.sock")


def read(variable):
    with open(os.environ[variable], "rb") as file:
        return file.read()


def connect():
    if ADDRESS.startswith("unix:"):
        return grpc.insecure_channel(ADDRESS)
    credentials = grpc.ssl_channel_credentials(
        root_certificates=read("KEEPWATCH_CA"),
        private_key=read("KEEPWATCH_KEY"),
        certificate_chain=read("KEEPWATCH_CERT"),
    )
    return grpc.secure_channel(ADDRESS, credentials)


def follow(events, ended):
    try:
        for event in events:
            what = event.supervisor.code + ": " + event.supervisor.text if event.HasField("supervisor") else "of a service"
            print("event", event.origin.service, what, flush=True)
            if event.supervisor.code == "order-ended":
                ended.set()
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.CANCELLED:
            raise


def main():
    with connect() as channel:
        control = control_pb2_grpc.ControlServiceStub(channel)
        status = control.GetStatus(control_pb2.GetStatusRequest(), timeout=5).status
        print("Keepwatch", status.version)
        for service in status.services:
            print("service", service.name, control_pb2.ServiceHealth.Name(service.health))
        for instance in status.vrrp.instances:
            print("instance", instance.name, vrrp_pb2.VrrpStateName.Name(instance.state), flush=True)

        ended = threading.Event()
        events = control.WatchEvents(control_pb2.WatchEventsRequest())
        watcher = threading.Thread(target=follow, args=(events, ended))
        watcher.start()
        # The watch has to be there before what it shall show.
        ended.wait(0.2)

        order = order_pb2.Order(stand_down=order_pb2.StandDown())
        request = control_pb2.GiveOrderRequest(order=order, ttl_ms=60000, by="client.py", reason="example")
        given = control.GiveOrder(request, timeout=5).order
        print("order " + given.id + ": " + given.text, flush=True)
        control.RevokeOrders(control_pb2.RevokeOrdersRequest(ids=[given.id], by="client.py"), timeout=5)
        ended.wait(5)
        events.cancel()
        watcher.join()


try:
    main()
except grpc.RpcError as error:
    print(error.code().name, error.details(), file=sys.stderr)
    sys.exit(1)
