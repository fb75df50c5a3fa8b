"""Packages of the system that only one part of the bench needs."""

import os
import shutil
import subprocess

from system import Failed, say


def ensure(program, package):
    if shutil.which(program):
        return
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
    if os.geteuid() != 0:
        raise Failed(f"{program} is missing, and only root can install it: sudo {' '.join(install)}")
    say(f"installing {package}")
    for command in (["apt-get", "update", "-qq"], install):
        done = subprocess.run(command, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"{' '.join(command)}: {done.stderr[-2000:]}")
