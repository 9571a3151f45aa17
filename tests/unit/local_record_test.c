/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What survives a teide that is killed, and who may put it back. */
#include <sys/wait.h>

#include "fake_threads.h"

static void one_teide_at_a_time(void **state)
{
	struct bench *b = *state;
	struct backend *second;
	const struct local_setup setup = setup_of(b);
	struct local_report report;
	struct err err = {0};

	begin(b);
	GIVE(b, 100);
	assert_int_equal(local_start(&second, &setup, &report, &err), -EBUSY);
	assert_int_equal(local_put_back(b->path, &b->ops, &report, &err), -EBUSY);
	expect(b, 100, boosted());
}

static void a_list_that_stays_is_put_back_by_the_next(void **state)
{
	struct bench *b = *state;

	begin(b);
	GIVE(b, 100, 101);
	end(b);
	expect(b, 100, boosted());
	begin(b);
	assert_int_equal(b->recovered.put_back, 2);
	expect(b, 100, other(0));
	expect(b, 101, other(5));
	assert_false(has_record(b));
}

/* The child is killed before (after: dies_at < 0) its nth call that changes a thread. */
static void killed_at(struct bench *b, int dies_at)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		b->fake->sets = 0;
		b->fake->dies_at = dies_at;
		begin(b);
		GIVE(b, 100, 101);
		GIVE(b, 101, 200);
		withdraw(b);
		_exit(9);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (status)
		fail_msg("%d: %d", dies_at, status);
	b->fake->dies_at = 0;
}

static void killed_at_any_moment(void **state)
{
	struct bench *b = *state;

	for (int n = 1; n <= 6; n++) {
		for (int sign = -1; sign <= 1; sign += 2) {
			struct local_report report;
			struct err err = {0};

			killed_at(b, sign * n);
			assert_int_equal(local_put_back(b->path, &b->ops, &report, &err), 0);
			expect(b, 100, other(0));
			expect(b, 101, other(5));
			expect(b, 200, other(0));
			assert_int_equal(report.foreign, 0);
			assert_false(has_record(b));
		}
	}
}

static void what_cannot_be_put_back_stays_on_record(void **state)
{
	struct bench *b = *state;
	struct local_report report;
	struct err err = {0};

	begin(b);
	GIVE(b, 100, 101);
	b->fake->threads[1].refuses = -EPERM;
	assert_int_equal(withdraw(b), -EPERM);
	end(b);
	expect(b, 101, other(5));
	assert_int_equal(local_put_back(b->path, &b->ops, &report, &err), -EPERM);
	assert_non_null(strstr(err.text, "thread 100"));
	b->fake->threads[1].refuses = 0;
	assert_int_equal(local_put_back(b->path, &b->ops, &report, &err), 0);
	expect(b, 100, other(0));
}

static void records_that_are_none(void **state)
{
	static const char *const texts[] = {
		"",
		"nonsense\n",
		"teide boosts 3 1 2\n",
		"teide boosts 2 1 2\n",
		"teide boosts 1 7 0\n100 100 10\n",
		"teide boosts 1 7 0\n100 100 10 5 0 -21 0 0 0 0 -10 0 0 1\n",
		"teide boosts 1 7 0\n100 100 10 5 0 0 0 0 0 0 -10 0 0 1 more\n",
	};
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char file[LOCAL_FILE_MAX];
		struct local_report report;
		struct err err = {0};
		int r;

		fake_file(&b->dir, texts[i], "run/local/%s", local_file(file));
		r = local_put_back(b->path, &b->ops, &report, &err);
		assert_int_equal(r, texts[i][0] ? -EBADMSG : 0);
		assert_int_equal(!texts[i][0], !strstr(err.text, "not a record"));
	}
}

/* The same numbers and start times, but other threads: they are left alone, and the record goes. */
static void the_record_of_another_boot(void **state)
{
	char path[128], file[LOCAL_FILE_MAX], text[512], *id;
	struct bench *b = *state;
	struct local_report report;
	struct err err = {0};
	FILE *f;

	begin(b);
	GIVE(b, 100, 101);
	end(b);
	snprintf(path, sizeof(path), "%s/%s", b->path, local_file(file));
	f = fopen(path, "r+");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	id = strchr(text, '-') - 8; /* the first part of a UUID has eight digits */
	assert_int_equal(fseek(f, id - text, SEEK_SET), 0);
	fputc(*id == '0' ? '1' : '0', f);
	fclose(f);
	assert_int_equal(local_put_back(b->path, &b->ops, &report, &err), 0);
	assert_true(report.other_boot);
	assert_int_equal(report.put_back, 0);
	expect(b, 100, boosted());
	expect(b, 101, boosted());
	assert_false(has_record(b));
}

/* Earlier versions wrote none. */
static void a_record_without_a_boot_is_read(void **state)
{
	struct bench *b = *state;
	char file[LOCAL_FILE_MAX];
	struct local_report report;
	struct err err = {0};

	fake_file(&b->dir, "teide boosts 1 7 2800000\n100 100 10 5 0 3 0 0 0 0 -10 0 1000000 1\n", "run/local/%s",
		  local_file(file));
	b->fake->threads[1].sched = boosted();
	assert_int_equal(local_put_back(b->path, &b->ops, &report, &err), 0);
	assert_int_equal(report.put_back, 1);
	assert_false(report.other_boot);
	expect(b, 100, other(3));
}

static void a_record_that_cannot_be_written_stops_the_boost(void **state)
{
	char path[128], file[LOCAL_FILE_MAX];
	struct bench *b = *state;

	begin(b);
	snprintf(path, sizeof(path), "%s/%s.new", b->path, local_file(file));
	assert_int_equal(mkdir(path, 0755), 0);
	GIVE(b, 100);
	expect(b, 100, other(0));
	assert_int_equal(b->report.failed, 1);
	assert_non_null(strstr(b->report.error, file));
}

static bool has_folder(const struct bench *b)
{
	return access(b->path, F_OK) == 0;
}

/* For its user alone: who can open it can lock it. */
static void the_folder_is_there_while_it_is_needed(void **state)
{
	struct bench *b = *state;
	struct local_report report;
	char file[LOCAL_FILE_MAX];
	struct err err = {0};
	struct stat st;

	begin(b);
	assert_int_equal(stat(b->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_true(local_in_use(b->path));
	end(b);
	assert_false(has_folder(b));
	assert_false(local_in_use(b->path));
	begin(b);
	GIVE(b, 100);
	end(b);
	assert_true(has_folder(b));
	assert_false(local_in_use(b->path));
	fake_file(&b->dir, "half a rec", "run/local/%s.new", local_file(file));
	assert_int_equal(local_put_back(b->path, &b->ops, &report, &err), 0);
	assert_int_equal(report.put_back, 1);
	assert_false(has_folder(b));
}

static void note_path(void *data, const char *path)
{
	snprintf(data, 128, "%s", path);
}

/* A thread's number means another thread there: the record is neither read nor lost. It goes with its namespace,
 * which only the initial one can see. */
static void the_record_of_another_pid_namespace(void **state)
{
	struct bench *b = *state;
	char path[128] = "", file[LOCAL_FILE_MAX];
	struct local_report report;
	struct err err = {0};
	bool initial = !strcmp(local_file(file), "boosts");

	fake_file(&b->dir, "teide boosts 1 7 0\n100 100 10 5 0 0 0 0 0 0 -10 0 0 1\n", "run/local/boosts.%d",
		  initial ? 1 : 2);
	assert_int_equal(local_foreign(b->path, note_path, path), 0);
	assert_non_null(strstr(path, "/boosts."));
	b->fake->threads[1].sched = boosted();
	assert_int_equal(local_put_back(b->path, &b->ops, &report, &err), 0);
	expect(b, 100, boosted());
	assert_int_equal(report.put_back, 0);
	path[0] = '\0';
	assert_int_equal(local_foreign(b->path, note_path, path), 0);
	assert_int_equal(!path[0], initial);
}

static void note_state(void *data, const struct local_boost *b, enum local_state state)
{
	((int *)data)[b->tid - 100] = (int)state;
}

static void listed(void **state)
{
	int states[4] = {-1, -1, -1, -1};
	struct bench *b = *state;
	struct err err = {0};

	add_thread(b, 4, 102, 13, 0);
	begin(b);
	GIVE(b, 100, 101, 102);
	b->fake->threads[1].sched.nice = 7;
	b->fake->threads[2].tid = 0;
	assert_int_equal(local_list(b->path, &b->ops, note_state, states, &err), 0);
	assert_int_equal(states[0], LOCAL_CHANGED);
	assert_int_equal(states[1], LOCAL_ENDED);
	assert_int_equal(states[2], LOCAL_BOOSTED);
	assert_int_equal(states[3], -1);
}

int main(void)
{
#define BENCH_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		BENCH_TEST(one_teide_at_a_time),
		BENCH_TEST(a_list_that_stays_is_put_back_by_the_next),
		BENCH_TEST(killed_at_any_moment),
		BENCH_TEST(what_cannot_be_put_back_stays_on_record),
		BENCH_TEST(records_that_are_none),
		BENCH_TEST(the_record_of_another_boot),
		BENCH_TEST(a_record_without_a_boot_is_read),
		BENCH_TEST(the_record_of_another_pid_namespace),
		BENCH_TEST(a_record_that_cannot_be_written_stops_the_boost),
		BENCH_TEST(the_folder_is_there_while_it_is_needed),
		BENCH_TEST(listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
