#include "ticks/event_encoding.h"

#include <perfmon/pfmlib_perf_event.h>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>

#include "base/error.h"

namespace ttrace {
namespace {

/// Gives a variable of our environment another value, or none, and puts the old one back.
class VariableSet {
 public:
  VariableSet(const char* name, const char* value) : name_(name) {
    if (const char* old = getenv(name)) old_ = old;
    value ? setenv(name, value, 1) : unsetenv(name);
  }
  ~VariableSet() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }
  VariableSet(const VariableSet&) = delete;
  VariableSet& operator=(const VariableSet&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

struct Freed {
  void operator()(char* text) const { free(text); }
};

/// PFM_SUCCESS and the event, or another answer of libpfm4.
int try_encoding(const std::string& name, EncodedEvent& event) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  char* full_name = nullptr;
  pfm_perf_encode_arg_t argument{};
  argument.attr = &attributes;
  argument.fstr = &full_name;
  argument.size = sizeof argument;
  const int answer =
      pfm_get_os_event_encoding(name.c_str(), PFM_PLM3, PFM_OS_PERF_EVENT, &argument);
  const std::unique_ptr<char, Freed> owned(full_name);
  if (answer == PFM_SUCCESS) {
    event = {name, attributes.type, attributes.config, attributes.config1, attributes.config2};
  }
  return answer;
}

Error not_known(const std::string& name, int answer) {
  return Error("libpfm4 does not know the event " + name + " (" + pfm_strerror(answer) +
               "): install a newer libpfm4");
}

}  // namespace

EventLibrary::EventLibrary() {
  const VariableSet any("LIBPFM_ENCODE_INACTIVE", "1");
  const VariableSet no_other("LIBPFM_FORCE_PMU", nullptr);
  const VariableSet none_off("LIBPFM_DISABLED_PMUS", nullptr);
  const int answer = pfm_initialize();
  if (answer != PFM_SUCCESS) {
    throw Error(std::string("libpfm4 does not start: ") + pfm_strerror(answer));
  }
}

EventLibrary::~EventLibrary() { pfm_terminate(); }

EncodedEvent EventLibrary::encode(const std::string& name) const {
  EncodedEvent event;
  const int answer = try_encoding(name, event);
  if (answer != PFM_SUCCESS) throw not_known(name, answer);
  return event;
}

EncodedEvent EventLibrary::encode(const TickEventRow& row) const {
  EncodedEvent event;
  if (row.older_name && try_encoding(row.event, event) != PFM_SUCCESS) {
    return encode(std::string(row.older_name));
  }
  return encode(std::string(row.event));
}

std::uint32_t type_for_core(std::uint32_t type, CoreKind core, const std::string& devices) {
  if (core != CoreKind::performance) return type;
  std::ifstream file(devices + "/cpu_core/type");
  std::string text;
  std::uint32_t found = 0;
  if (!std::getline(file, text)) return type;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), found);
  return error == std::errc() && end == text.data() + text.size() ? found : type;
}

}  // namespace ttrace
