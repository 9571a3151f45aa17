/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One verb, one file: cmd_<verb>.c. argv[0] is "teide <verb>". Each returns an exit code of err.h. */
#pragma once

int cmd_run(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_flows(int argc, char **argv);
int cmd_sched(int argc, char **argv);
int cmd_server(int argc, char **argv);
extern const char cmd_server_help[]; /* one line; a build without the server says so */
int cmd_lab(int argc, char **argv);
int cmd_rules(int argc, char **argv);
int cmd_clean(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_why(int argc, char **argv);
int cmd_version(int argc, char **argv);
