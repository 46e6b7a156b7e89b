#include "cli/asked.h"

#include <array>
#include <utility>

namespace ttrace {

std::optional<Chaos> asked_chaos(const FlagSet& flags) {
  const std::string asked = flags.text("chaos");
  if (asked == "auto") return {};
  return asked == "on" ? Chaos::on : Chaos::off;
}

AddressChoice asked_addresses(const FlagSet& flags) {
  const std::string asked = flags.text("aslr");
  if (asked == "auto") return AddressChoice::mixed;
  return asked == "on" ? AddressChoice::random : AddressChoice::fixed;
}

RecordingLimits asked_recording_limits(const FlagSet& flags, const std::string& directory) {
  return {directory, flags.size("memory"), flags.size("quota")};
}

StoreLimits asked_store_limits(const FlagSet& flags) {
  return {flags.size("max-size"), flags.has("max-traces") ? flags.number("max-traces") : 0};
}

Environment asked_environment(const FlagSet& flags, Environment environment) {
  environment = without_flag_twins(std::move(environment));
  const auto rule = EnvironmentRule::parse(flags.text("environment"));
  return rule ? restricted(std::move(environment), *rule) : environment;
}

Environment without_flag_twins(Environment environment) {
  for (const FlagRow& row : flag_rows()) {
    const std::string twin = environment_twin(row);
    environment = without_names(std::move(environment), std::array{twin.c_str()});
  }
  return environment;
}

}  // namespace ttrace
