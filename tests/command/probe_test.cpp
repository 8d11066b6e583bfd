// What the doctor makes of mount tables: of kinds of file systems that no test machine has.

#include "probe.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace casement::command::probe::probe_test {
namespace {

using std::literals::operator""sv;

mount mount_of(std::string_view line) {
    const auto m = parse_mount(line);
    EXPECT_TRUE(m.has_value()) << line;
    return m.value_or(mount{});
}

std::vector<std::string> checks_of(std::string_view line, grade wanted = grade::weak) {
    const auto m = mount_of(line);
    std::vector<std::string> all;
    for (const auto& f : known_of(kind_of(m), m)) {
        EXPECT_EQ(f.is, wanted) << f.check;
        EXPECT_EQ(f.advice.empty(), wanted == grade::note) << "a fault says what to do";
        all.push_back(f.check);
    }
    return all;
}

using checks = std::vector<std::string>;

TEST(MountTable, LineFallsIntoItsFields) {
    const auto m = mount_of(
        R"(36 35 98:0 /mnt1 /mnt/a\040b\134c rw master:1 shared:2 - ext3 /dev/root rw,data=x)");
    EXPECT_EQ(m.id, 36u);
    EXPECT_EQ(m.point, R"(/mnt/a b\c)");
    EXPECT_EQ(m.type, "ext3");
    EXPECT_EQ(m.source, "/dev/root");
    EXPECT_EQ(m.options, "rw,rw,data=x");
}

TEST(MountTable, LineWithoutOptionalFields) {
    EXPECT_EQ(mount_of("1 2 0:3 / /x ro - tmpfs none rw").type, "tmpfs");
}

TEST(MountTable, BrokenLinesAreNoMounts) {
    for (const auto line :
         {"", "x 35 98:0 / /m rw - ext4 d rw", "36", "36 35 98:0 / /m rw",
          "36 35 98:0 / /m rw master:1 ext4 d rw", "36x 35 98:0 / /m rw - ext4 d rw"})
        EXPECT_FALSE(parse_mount(line)) << line;
}

TEST(MountTable, OptionIsFoundWholeOnly) {
    const mount m{1, "/", "9p", "x", "rw,cache=loose,aname=drvfs;path=C:\\,volatile"};
    EXPECT_EQ(option(m, "cache"), "loose");
    EXPECT_EQ(option(m, "aname"), R"(drvfs;path=C:\)");
    EXPECT_EQ(option(m, "volatile"), "");
    EXPECT_EQ(option(m, "vol"), std::nullopt);
    EXPECT_EQ(option(m, "loose"), std::nullopt);
    EXPECT_EQ(option(m, "ache"), std::nullopt);
}

TEST(KnownKinds, NativeOnesHaveNoFaults) {
    for (const auto kind : {"ext4", "ext2", "xfs", "btrfs", "f2fs", "zfs"})
        EXPECT_EQ(checks_of(std::string{"1 2 8:1 / /m rw,relatime - "} + kind + " /dev/sda1 rw"),
                  checks{})
            << kind;
}

TEST(KnownKinds, MemoryIsVolatile) {
    EXPECT_EQ(checks_of("1 2 0:3 / /m rw - tmpfs tmpfs rw,size=1k"), checks{"volatile"});
    EXPECT_EQ(checks_of("1 2 0:3 / /m rw - ramfs ramfs rw"), checks{"volatile"});
}

TEST(KnownKinds, OverlayIsVolatileWhereItSaysSo) {
    EXPECT_EQ(checks_of("1 2 0:3 / / rw - overlay overlay rw,upperdir=/u", grade::note),
              checks{"overlay"});
    EXPECT_EQ(checks_of("1 2 0:3 / / rw - overlay overlay rw,upperdir=/u,volatile"),
              checks{"volatile"});
    EXPECT_EQ(checks_of("1 2 0:3 / / rw - overlay overlay rw,upperdir=/u,fsync=volatile"),
              checks{"volatile"});
    EXPECT_EQ(
        checks_of("1 2 0:3 / / rw - overlay overlay rw,upperdir=/u,fsync=strict", grade::note),
        checks{"overlay"});
}

// The same directory of Windows in the ways that WSL has mounted it.
TEST(KnownKinds, DrvfsIsToldFromOther9p) {
    for (const auto line :
         {R"(1 2 0:3 / /mnt/c rw - 9p C:\134 rw,dirsync,aname=drvfs;path=C:\;uid=0,mmap,trans=fd)",
          "1 2 0:3 / /mnt/c rw - virtiofs drvfsC0 rw", "1 2 0:3 / /mnt/c rw - drvfs C: rw"}) {
        EXPECT_EQ(kind_of(mount_of(line)), "drvfs") << line;
        EXPECT_EQ(checks_of(line), checks{"shared"}) << line;
    }
    EXPECT_EQ(kind_of(mount_of("1 2 0:3 / /h rw - 9p host0 rw,trans=virtio")), "9p");
    EXPECT_EQ(checks_of("1 2 0:3 / /h rw - 9p host0 rw,cache=loose"),
              (checks{"shared", "coherence"}));
    EXPECT_EQ(checks_of("1 2 0:3 / /h rw - 9p host0 rw,cache=none"), checks{"shared"});
}

TEST(KnownKinds, NetworksAreNoPlaceForADatabase) {
    EXPECT_EQ(checks_of("1 2 0:3 / /n rw - nfs4 s:/x rw,hard,local_lock=none"), checks{"shared"});
    EXPECT_EQ(checks_of("1 2 0:3 / /n rw - nfs s:/x rw,soft,nolock"),
              (checks{"shared", "locks", "soft"}));
    EXPECT_EQ(checks_of("1 2 0:3 / /n rw - nfs s:/x rw,hard,local_lock=all"),
              (checks{"shared", "locks"}));
    EXPECT_EQ(checks_of("1 2 0:3 / /n rw - cifs //s/x rw,nobrl"), (checks{"shared", "locks"}));
    EXPECT_EQ(checks_of("1 2 0:3 / /n rw - smb3 //s/x rw"), checks{"shared"});
}

TEST(KnownKinds, OthersThatAreWeak) {
    EXPECT_EQ(checks_of("1 2 0:3 / /f rw - fuse.sshfs s:/x rw"), checks{"shared"});
    EXPECT_EQ(checks_of("1 2 0:3 / /v rw - virtiofs share rw"), checks{"shared"});
    EXPECT_EQ(checks_of("1 2 8:1 / /u rw - vfat /dev/sdb1 rw"), checks{"journal"});
    EXPECT_EQ(checks_of("1 2 8:1 / /u rw - exfat /dev/sdb1 rw"), checks{"journal"});
}

TEST(KnownKinds, UserSpaceIsJudgedByBehaviour) {
    for (const auto type : {"fuse.of_the_future", "fuseblk"})
        EXPECT_EQ(checks_of("1 2 0:3 / /f rw - " + std::string{type} + " x rw", grade::note),
                  checks{"user space"})
            << type;
}

TEST(KnownKinds, BarriersThatAreOff) {
    EXPECT_EQ(checks_of("1 2 8:1 / /m rw - ext4 /dev/sda1 rw,nobarrier"), checks{"barriers"});
    EXPECT_EQ(checks_of("1 2 8:1 / /m rw - ext4 /dev/sda1 rw,barrier=0"), checks{"barriers"});
    EXPECT_EQ(checks_of("1 2 8:1 / /m rw - ext4 /dev/sda1 rw,barrier=1"), checks{});
}

TEST(Magic, AgreesWithTheKindsThatShareIt) {
    EXPECT_TRUE(agree("ext4", 0xef53));
    EXPECT_TRUE(agree("virtiofs", 0x65735546));
    EXPECT_TRUE(agree("drvfs", 0x65735546));
    EXPECT_TRUE(agree("drvfs", 0x01021997));
    EXPECT_TRUE(agree("ramfs", 0x01021994));
    EXPECT_TRUE(agree("of the future", 0x12345678));
    EXPECT_FALSE(agree("ext4", 0x01021994));
    EXPECT_FALSE(agree("xfs", 0xef53));
    EXPECT_FALSE(agree("ext4", 0x65735546));
}

TEST(Grade, HasItsWord) {
    EXPECT_EQ(name_of(grade::good), "good"sv);
    EXPECT_EQ(name_of(grade::note), "note"sv);
    EXPECT_EQ(name_of(grade::weak), "weak"sv);
    EXPECT_EQ(name_of(grade::unfit), "unfit"sv);
}

}  // namespace
}  // namespace casement::command::probe::probe_test
