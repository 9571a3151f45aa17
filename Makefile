# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Verbs over meson, nothing else. What is missing, `tools/setup build` names and installs.
BUILD ?= build
SUITES ?=
PROBES := $(sort $(wildcard probes/*/*.c probes/*/bpf/*.c))

all: build

$(BUILD)/build.ninja:
	@meson setup $(BUILD) -Dbpftool="$$(tools/setup --bpftool)" $(MESON_ARGS)

# meson looks for probes when it configures: a new file in probes/ is a new configuration.
build: $(BUILD)/build.ninja
	@echo '$(PROBES)' | cmp -s - $(BUILD)/probes.list || { \
		[ ! -f $(BUILD)/probes.list ] || meson setup --reconfigure $(BUILD) >/dev/null; \
		echo '$(PROBES)' >$(BUILD)/probes.list; }
	@ninja -C $(BUILD)

demo:
	@./demo
test:
	@./test $(SUITES)
test-unit:
	@./test unit
test-vm:
	@./test vm
bench: build
	@bench/run $(BUILD)
# clang-tidy with what .clang-tidy asks for; TIDY=src/host looks at that folder alone.
TIDY ?= lab probes src
tidy: $(BUILD)/build.ninja
	@command -v run-clang-tidy >/dev/null || { echo "clang-tidy is not installed: apt install clang-tidy" >&2; exit 3; }
	@run-clang-tidy -quiet -p $(BUILD) $(TIDY:%='^$(CURDIR)/%/')
lint:
	@./test check
install: build
	@meson install -C $(BUILD)
clean:
	@rm -rf $(BUILD) build-san build-clang-*

.PHONY: all build demo test test-unit test-vm bench tidy lint install clean
