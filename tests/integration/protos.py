"""The contract's messages as Python classes, generated from proto/ when a session starts.

from protos import common, purchases
common.LogMessage.FromString(...)
"""

import atexit
import importlib
import os
import pathlib
import shutil
import sys

from grpc_tools import protoc

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "proto").glob("*.proto"))
OUT = ROOT / "build" / "tests" / "python" / str(os.getpid())  # sessions may run side by side


def generate():
    OUT.mkdir(parents=True, exist_ok=True)
    status = protoc.main(["protoc", f"-I{ROOT}", f"--python_out={OUT}", *(str(source) for source in SOURCES)])
    assert status == 0, "protoc refused the files of proto/"
    atexit.register(shutil.rmtree, OUT, ignore_errors=True)


generate()
sys.path.insert(0, str(OUT))
importlib.invalidate_caches()

access = importlib.import_module("proto.access_pb2")
campaigns = importlib.import_module("proto.campaigns_pb2")
commands = importlib.import_module("proto.commands_pb2")
common = importlib.import_module("proto.common_pb2")
deliveries = importlib.import_module("proto.deliveries_pb2")
members = importlib.import_module("proto.members_pb2")
points = importlib.import_module("proto.points_pb2")
program = importlib.import_module("proto.program_pb2")
projection = importlib.import_module("proto.projection_pb2")
purchases = importlib.import_module("proto.purchases_pb2")
tiers = importlib.import_module("proto.tiers_pb2")
