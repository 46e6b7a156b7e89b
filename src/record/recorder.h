#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "record/chaos.h"
#include "record/cpuid_answers.h"
#include "rewrite/sites.h"
#include "rewrite/tick_plan_cache.h"
#include "ticks/tick_counter.h"
#include "trace/recording.h"

namespace ttrace {

/// What to execute under the recorder.
struct Program {
  std::string path;                      ///< absolute, or to be looked up as execvp does
  std::vector<std::string> arguments;    ///< argv, argv[0] included
  std::vector<std::string> environment;  ///< "NAME=value", complete
};

struct RecordOptions {
  /// Decides every choice of the scheduler.
  std::uint64_t seed = 0;
  Chaos chaos = Chaos::mixed;
  AddressChoice addresses = AddressChoice::mixed;
  /// How many ticks an earlier attempt ran while there were several threads
  /// (RecordResult::contended_ticks): sizes of chaos follow it. 0: not known.
  std::uint64_t expected_ticks = 0;
  /// The attempt is ended as a hang after this long on the clock; zero: never.
  std::chrono::milliseconds timeout{0};
  /// True: standard input is empty, output is collected in RecordResult::output and not shown, and
  /// the tracee gets a process group of its own. False: it inherits ours.
  bool capture_output = false;
  /// Where the recorder and its tracees run; less than 0: where the caller is. What the program is
  /// told of the CPUs that it may use does not change.
  int cpu = -1;
  /// Looked at while waiting (at least ten times a second); true ends the attempt as interrupted.
  const std::atomic<bool>* interrupted = nullptr;
  /// Plans of the binaries that are mapped; must outlive the call.
  SiteCache* sites = nullptr;
  /// Tick plans of the binaries that are mapped; null: no ticks, threads are switched at system
  /// calls only. Must outlive the call.
  TickPlanCache* ticks = nullptr;
  /// Ticks of a hardware counter instead; `ticks` is null then. Null: none. Must outlive the call.
  const TickCounters* counters = nullptr;
  /// Calls that cannot wait are made and recorded inside the process (docs/decisions/0013). Needs
  /// ticks.
  bool agent = false;
  /// Shell patterns of paths (a * matches slashes too): what is mapped MAP_SHARED of such a file is
  /// a copy of the process's own, which others neither change nor see.
  std::vector<std::string> private_paths;
  /// The program is told of no CPU feature beyond x86-64-v2.
  bool portable = false;
  /// What becomes of a recording that grows large. By default it stays in memory.
  RecordingLimits limits;
  /// Answers of cpuid that a former recording of this process left; may be null.
  CpuidAnswers* cpuid = nullptr;
};

/// A piece of what the tracee wrote to its standard output (1) or error (2).
struct OutputChunk {
  EventNumber event;
  int stream = 1;
  std::string text;
};

struct SeenMark {
  EventNumber event;
  Tid tid;
  Pid pid;
  MarkEvent mark;
};

/// A process of the recording that ended by a signal.
struct SeenDeath {
  EventNumber event;  ///< the SignalEvent if there is one, else the exit
  Tid tid;
  Pid pid;
  int signal = 0;
};

struct RecordResult {
  Recording recording;
  EndEvent::Reason reason = EndEvent::Reason::exited;
  Pid root;                     ///< the first process
  int status = 0;               ///< its wait status
  EventNumber exit_event;       ///< its ProcessExitEvent, or the EndEvent
  Tid exit_tid;                 ///< the thread of it that ended it (exit_group)
  std::vector<SeenMark> marks;  ///< of all processes, in order
  std::vector<SeenDeath> deaths;
  std::vector<OutputChunk> output;    ///< collected in both modes
  std::vector<std::string> warnings;  ///< one line each, no duplicates
  std::uint64_t duration_us = 0;
  /// It executed memory that is no file's: code that is written at run time.
  bool writes_code = false;
  std::uint64_t ticks = 0;            ///< of all threads together
  std::uint64_t contended_ticks = 0;  ///< those of them while there was more than one thread
  /// What a hardware counter counted (TickCounters::event()); "" if none did.
  std::string hardware_ticks;
  /// Set if the program did something that cannot be recorded: its name. The recording then is of
  /// no use, and the attempt says nothing about the test.
  std::optional<std::string> not_recordable;
};

/// Runs `program` to its end under the recorder, on one CPU, one thread at a time; on the others
/// that the caller may use, events may be made of what it did (docs/decisions/0026). Must be called
/// from the process's only thread that waits for children (it reaps its own tracees only). Throws
/// UsageError if the program cannot be executed (missing, not executable, another architecture),
/// Error if the machine does not let us trace (ptrace or seccomp refused), naming what to do.
RecordResult record(const Program& program, const RecordOptions& options);

}  // namespace ttrace
