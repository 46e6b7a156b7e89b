/* Between the parts of ttrace_start and the integrations that link it; not installed. */
#ifndef TTRACE_START_H
#define TTRACE_START_H

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the command line between the start lines and the supervisor: what `ttrace
 * supervise --protocol=N` is given. A supervisor of another version refuses it by name. */
#define TTRACE_START_PROTOCOL "1"

/* Runs before every initialiser of the process. Returns if no mode of ttrace was asked for, or if
 * this process is already supervised; else executes the supervisor and never returns. */
void ttrace_start_lines(int argc, char** argv, char** envp);

/* Decides what ttrace_recorded() says from now on. */
void ttrace_remember_environment(char** envp);

/* The value of `name` in envp, null if it is missing or empty. Async-signal-safe. */
const char* ttrace_environment_value(char** envp, const char* name);

/* Defined by an integration: "gtest", what --framework= is given. After the terminating zero comes
 * "ttrace listener for gtest": `ttrace until-fail` looks for it in a program's file. */
extern const char ttrace_framework_name[];

/* Defined by an integration that knows better than the start lines where the supervisor is. */
extern const char ttrace_supervisor_path[];

#ifdef __cplusplus
}
#endif

#endif /* TTRACE_START_H */
