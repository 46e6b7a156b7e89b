// What SIOCETHTOOL writes lies behind a pointer in its argument.
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>

#include "observe.h"

namespace {

template <class Data>
void ask(int socket, const char* name, Data& data, const char* what) {
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  request.ifr_data = reinterpret_cast<char*>(&data);
  const int result = ioctl(socket, SIOCETHTOOL, &request);
  std::printf("%s %s: %d %d:", name, what, result, result < 0 ? errno : 0);
  for (std::size_t i = 0; i < sizeof data; ++i) {
    std::printf(" %02x", reinterpret_cast<const unsigned char*>(&data)[i]);
  }
  std::puts("");
}

/// With room for its three masks, of which the kernel first tells the size.
struct Settings {
  alignas(ethtool_link_settings) unsigned char bytes[sizeof(ethtool_link_settings) + 3 * 127 * 4];
  ethtool_link_settings& base() { return *reinterpret_cast<ethtool_link_settings*>(bytes); }
};

}  // namespace

int main() {
  const int socket = ::socket(AF_INET, SOCK_DGRAM, 0);
  struct if_nameindex* const interfaces = if_nameindex();
  OBSERVE(socket >= 0 && interfaces != nullptr);
  for (const struct if_nameindex* one = interfaces; one->if_index != 0; ++one) {
    ethtool_cmd command{};
    command.cmd = ETHTOOL_GSET;
    ask(socket, one->if_name, command, "settings");
    ethtool_value link{ETHTOOL_GLINK, 0};
    ask(socket, one->if_name, link, "link");
    ethtool_drvinfo driver{};
    driver.cmd = ETHTOOL_GDRVINFO;
    ask(socket, one->if_name, driver, "driver");
    Settings settings{};
    settings.base().cmd = ETHTOOL_GLINKSETTINGS;
    ask(socket, one->if_name, settings, "words");
    settings.base().cmd = ETHTOOL_GLINKSETTINGS;
    settings.base().link_mode_masks_nwords = std::int8_t(-settings.base().link_mode_masks_nwords);
    ask(socket, one->if_name, settings, "link settings");
  }
  if_freenameindex(interfaces);
  return close(socket);
}
