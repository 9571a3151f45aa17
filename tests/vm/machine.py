# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A machine in QEMU, without KVM, that boots one of Debian's kernels and then runs jobs in turn.

Host and guest share a folder over 9p: jobs/N has what a job needs (tree/, libraries/, script, modules, timeout) and gets
what comes of it (log, out/). The second serial line carries the words "job N", "done N STATUS clean|dirty".
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# What any test loads. A job's modules are loaded when it begins and unloaded when it has ended.
MODULES = ["gtp", "veth", "tun", "sch_ingress", "cls_bpf", "act_bpf", "udp_tunnel", "ip6_udp_tunnel", "udp_diag",
           "inet_diag", "dummy", "bridge", "vxlan", "vrf", "8021q"]
SHARE_MODULES = ["virtio_pci", "9pnet_virtio", "9p"]
MEMORY_MB = 2048
CPUS = 2
BOOT_PATIENCE = 300
# Beyond a job's own time limit: the guest copies what came of the job and cleans up.
JOB_PATIENCE = 120
# tsc=reliable: else the kernel finds the emulated CPUs' counters to differ and takes the HPET for its clock, each
# reading of which stops the machine.
COMMAND_LINE = "console=ttyS0 quiet panic=-1 mitigations=off nokaslr tsc=reliable log_buf_len=4M nosoftlockup"
NOTHING_TO_BOOT = 77


class CannotBoot(Exception):
    """The machine has nothing to boot with: a reason to skip."""


class Broken(Exception):
    """The machine hangs or has ended."""


class Crashed(Broken):
    """The emulator failed, not what it ran: the job can be tried again."""


def command(name):
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not found:
        raise CannotBoot(f"no {name}; install qemu-system-x86 cpio kmod busybox-static xz-utils")
    return found


class Tree:
    """A folder that becomes a part of the guest's root. Libraries have a folder of their own: the guest copies those
    that it lacks, for programs run that have mapped the others."""

    def __init__(self, root, libraries=None):
        self.root = Path(root)
        self.libraries = Path(libraries or root)

    def put(self, path, dest):
        """The file, and the shared libraries that it needs."""
        target = self.root / str(dest).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink():
            target.unlink()
        shutil.copy(path, target)
        needed = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=False).stdout
        for library in re.findall(r"/\S*", needed):
            beside = self.libraries / library.lstrip("/")
            if not beside.exists() and os.path.exists(library):
                beside.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(library, beside)


class Kernel:
    def __init__(self, version):
        found = subprocess.run([str(HERE / "fetch-kernel"), version], stdout=subprocess.PIPE, text=True, check=False)
        if found.returncode == NOTHING_TO_BOOT:
            raise CannotBoot(f"no kernel {version}")
        if found.returncode:
            raise Broken(f"fetch-kernel {version}: exit {found.returncode}")
        self.root = Path(found.stdout.strip())
        self.release = next((self.root / "lib/modules").iterdir()).name
        images = [self.root / f"boot/vmlinuz-{self.release}", self.root / f"lib/modules/{self.release}/vmlinuz"]
        self.image = next(image for image in images if image.exists())

    def put_module(self, tree, module):
        depends = subprocess.run([command("modprobe"), "-d", str(self.root), "-S", self.release, "--show-depends",
                                  module], capture_output=True, text=True, check=False)
        if depends.returncode:
            raise Broken(f"{self.release} has no module {module}")
        for path in re.findall(r"^insmod (\S+)", depends.stdout, re.M):
            inside = path[len(str(self.root)):].removeprefix("/usr")
            target = tree / inside.removesuffix(".xz").lstrip("/")
            if target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.endswith(".xz"):
                with target.open("wb") as plain:
                    subprocess.run([command("xz"), "-dc", path], stdout=plain, check=True)
            else:
                shutil.copy(path, target)

    def put_modules(self, tree):
        for module in SHARE_MODULES + MODULES:
            self.put_module(tree, module)
        below = f"lib/modules/{self.release}"
        (tree / below).mkdir(parents=True, exist_ok=True)
        for path in (self.root / below).glob("modules.*"):
            if path.name.startswith("modules.builtin") or path.name == "modules.order":
                shutil.copy(path, tree / below)
        subprocess.run([command("depmod"), "-b", str(tree), self.release], check=True)


def put_commands(tree):
    busybox = command("busybox")
    if subprocess.run(["ldd", busybox], capture_output=True, check=False).returncode == 0:
        raise CannotBoot("busybox needs shared libraries; install busybox-static")
    for folder in ("bin", "sbin", "etc"):
        (tree / folder).mkdir(parents=True)
    shutil.copy(busybox, tree / "bin/busybox")
    for applet in subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True).stdout.split():
        if applet != "busybox":
            (tree / "bin" / applet).symlink_to("busybox")
    (tree / "sbin/modprobe").symlink_to("../bin/modprobe")
    # Busybox's own sh would run its own ip and tc, whatever PATH says.
    for tool in ("sh", "bash", "ip", "tc"):
        path = shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
        if path:
            Tree(tree).put(path, f"bin/{tool}")


def make_initrd(kernel, work):
    tree = work / "tree"
    put_commands(tree)
    kernel.put_modules(tree)
    (tree / "etc/modules").write_text("".join(f"{module}\n" for module in SHARE_MODULES))
    shutil.copy(HERE / "guest-init", tree / "init")
    with (work / "initrd").open("wb") as initrd:
        names = subprocess.run(["find", "."], cwd=tree, stdout=subprocess.PIPE, check=True)
        subprocess.run([command("cpio"), "-o", "-H", "newc", "--quiet"], cwd=tree, input=names.stdout,
                       stdout=initrd, check=True)
    shutil.rmtree(tree)


class Machine:
    """One kernel, booted when the first job comes; `run` is called by one thread at a time."""

    def __init__(self, version, append="", cpus=CPUS, memory_mb=MEMORY_MB):
        self.version = version
        self.append = append
        self.cpus = cpus
        self.memory_mb = memory_mb
        self.kernel = Kernel(version)
        self.work = Path(tempfile.mkdtemp(prefix="teide-vm."))
        self.jobs = self.work / "jobs"
        self.jobs.mkdir()
        make_initrd(self.kernel, self.work)
        self.qemu = None
        self.control = None
        self.lines = b""
        self.number = 0
        self.boots = 0

    def boot(self):
        """Up to three times: on a busy host QEMU's TCG now and then faults while the kernel unpacks the initramfs, or
        its CPUs wait for each other for good."""
        for attempt in (1, 2, 3):
            self.start()
            try:
                if self.line(BOOT_PATIENCE) == "ready":
                    return
            except Broken as trouble:
                print(f"vm: {self.version}: {trouble} while it booted; start {attempt}", file=sys.stderr, flush=True)
            self.kill()
        raise Broken(f"{self.version} did not boot:\n{self.console_end()}")

    def start(self):
        self.boots += 1
        for name in ("control", "monitor"):
            (self.work / name).unlink(missing_ok=True)
        arguments = [command("qemu-system-x86_64"), "-M", "q35", "-cpu", "max", "-accel", "tcg,thread=multi",
                     "-smp", str(self.cpus), "-m", str(self.memory_mb), "-kernel", str(self.kernel.image),
                     "-initrd", str(self.work / "initrd"), "-no-reboot", "-net", "none", "-display", "none",
                     "-monitor", f"unix:{self.work}/monitor,server=on,wait=off",
                     "-serial", f"file:{self.work}/console", "-serial", f"unix:{self.work}/control,server=on,wait=off",
                     "-virtfs", f"local,path={self.jobs},mount_tag=jobs,security_model=none,multidevs=remap",
                     "-append", f"{COMMAND_LINE} {self.append}"]
        self.qemu = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                     stderr=(self.work / "qemu.err").open("wb"))
        self.control = socket.socket(socket.AF_UNIX)
        self.lines = b""
        while True:
            try:
                self.control.connect(str(self.work / "control"))
                return
            except OSError:
                if self.qemu.poll() is not None:
                    raise CannotBoot("QEMU: " + (self.work / "qemu.err").read_text(errors="replace").strip())
                time.sleep(0.05)

    def line(self, patience):
        """The guest's next word on the control line."""
        end = time.monotonic() + patience
        while b"\n" not in self.lines:
            self.control.settimeout(max(end - time.monotonic(), 0.01))
            try:
                more = self.control.recv(4096)
            except TimeoutError:
                raise Broken("the machine hangs; it stands at:\n" + self.registers()) from None
            except OSError:
                more = b""
            if not more:
                raise Broken("the machine has ended")
            self.lines += more
        line, self.lines = self.lines.split(b"\n", 1)
        return line.decode(errors="replace").strip()

    def registers(self):
        asked = subprocess.run([sys.executable, str(HERE / "monitor"), str(self.work / "monitor"), "info registers -a"],
                               capture_output=True, text=True, check=False).stdout
        return "\n".join(re.findall(r"^(?:CPU|RIP|R[ABCD]X|RSP).*", asked, re.M))

    def console_end(self):
        try:
            lines = (self.work / "console").read_text(errors="replace").replace("\r", "").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-60:])

    def failed_by_emulator(self):
        """QEMU 7.2 now and then runs a breakpoint that the kernel has patched out again (a static branch): the oops
        shows code without one (cc) there."""
        oops = re.search(r"int3: 0000 \[#1\].*?Code: ([^\n]*)", self.console_end(), re.S)
        return bool(oops) and "cc <" not in oops.group(1)

    def kill(self):
        if self.control:
            self.control.close()
            self.control = None
        if self.qemu:
            self.qemu.kill()
            self.qemu.wait()
            self.qemu = None

    def run(self, job, timeout, output):
        """Moves the job's folder into the machine, and what came of it back. Returns the script's status; `output` gets
        the lines that the script prints, as they come."""
        for attempt in (1, 2):
            if not self.qemu or self.qemu.poll() is not None:
                self.kill()
                self.boot()
            self.number += 1
            inside = self.jobs / str(self.number)
            shutil.copytree(job, inside, symlinks=True)
            (inside / "out").mkdir(exist_ok=True)
            (inside / "log").touch()
            try:
                return self.run_once(inside, timeout, output)
            except Crashed as crash:
                if attempt == 2:
                    raise
                output(f"vm: {crash}; the job runs again\n")
            finally:
                if job.exists():
                    shutil.copytree(inside / "out", job / "out", symlinks=True, dirs_exist_ok=True)
                shutil.rmtree(inside, ignore_errors=True)

    def run_once(self, inside, timeout, output):
        ended = threading.Event()
        reader = threading.Thread(target=follow, args=(inside / "log", ended, output))
        reader.start()
        try:
            self.control.sendall(f"job {self.number}\n".encode())
            words = self.line(timeout + JOB_PATIENCE).split()
        except (Broken, OSError) as trouble:
            emulator = self.failed_by_emulator()
            said = f"{trouble}\n{self.console_end()}"
            self.kill()
            raise (Crashed if emulator else Broken)(said) from None
        finally:
            ended.set()
            reader.join()
        if words[:2] != ["done", str(self.number)]:
            self.kill()
            raise Broken(f"the machine said {' '.join(words)!r}")
        if words[3] != "clean":
            output(f"vm: what the job left cannot be removed ({' '.join(words[4:])}): the machine starts again\n")
            self.kill()
        return int(words[2])

    def end(self):
        self.kill()
        shutil.rmtree(self.work, ignore_errors=True)


def follow(path, ended, output):
    """Hands on what is appended to the file, until it has ended and all is read."""
    with path.open(errors="replace") as log:
        while True:
            last = ended.is_set()
            text = log.read()
            if text:
                output(text)
            if last:
                return
            ended.wait(0.3)
