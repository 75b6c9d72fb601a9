package dev.tandem.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Nobody else can put in what is loaded, and no moment shows half a file. */
@EnabledOnOs(
    value = OS.LINUX,
    disabledReason = "the libraries are for Linux; elsewhere none is unpacked")
final class NativesTest {
  private static final String FILE = "libthing.so";
  private static final byte[] CONTENT = "content".getBytes(StandardCharsets.UTF_8);

  @TempDir private Path cache;

  @BeforeEach
  void own() throws IOException {
    Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwx------"));
  }

  private Path unpack() throws IOException {
    return Natives.unpack(cache, FILE, CONTENT);
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(
        Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS));
  }

  private void assertUnpacked(Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    assertTrue(Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS));
    assertArrayEquals(CONTENT, Files.readAllBytes(file));
    assertEquals("r-x------", permissions(file));
    for (Path each = folder; !each.equals(cache); each = each.getParent()) {
      assertEquals("rwx------", permissions(each));
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(file), files.toList());
    }
  }

  private void assertRefused(String why) {
    DriverException refusal = assertThrows(DriverException.class, this::unpack);
    assertEquals(DriverError.NO_BINDING, refusal.error());
    assertTrue(refusal.getMessage().contains(why), refusal.getMessage());
    assertFalse(refusal.getMessage().contains("\n"), refusal.getMessage());
  }

  @Test
  void unpacksOnceIntoAFolderOfItsContent() throws IOException {
    Path folder = unpack();
    assertUnpacked(folder);
    Object first = Files.getAttribute(folder.resolve(FILE), "unix:ino");
    assertEquals(folder, unpack());
    assertEquals(first, Files.getAttribute(folder.resolve(FILE), "unix:ino"), "not written again");
    assertNotEquals(folder, Natives.unpack(cache, FILE, new byte[] {1}));
    // echo -n content | sha256sum
    assertEquals(
        "12.6.0-ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73",
        folder.getFileName().toString());
  }

  @Test
  void aTamperedFileIsReplaced() throws IOException {
    Path file = unpack().resolve(FILE);
    Files.delete(file);
    Files.write(file, "CONTENT".getBytes(StandardCharsets.UTF_8));
    assertUnpacked(unpack());
    Files.delete(file);
    Files.write(file, Arrays.copyOf(CONTENT, 3));
    assertUnpacked(unpack());
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertUnpacked(unpack());
  }

  @Test
  void aLinkInPlaceOfTheFileIsReplacedAndItsTargetLeftAlone() throws IOException {
    Path file = unpack().resolve(FILE);
    Path target = Files.write(cache.resolve("target"), CONTENT);
    Files.delete(file);
    Files.createSymbolicLink(file, target);
    assertUnpacked(unpack());
    assertArrayEquals(CONTENT, Files.readAllBytes(target));
  }

  @Test
  void aFolderThatOthersMayWriteToIsRefused() throws IOException {
    Path folder = unpack();
    for (Path each = folder; !each.equals(cache); each = each.getParent()) {
      for (String open : List.of("rwxrwx---", "rwx----w-")) {
        Files.setPosixFilePermissions(each, PosixFilePermissions.fromString(open));
        assertRefused(each + " can be written to by others");
      }
      Files.setPosixFilePermissions(each, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    assertEquals(folder, unpack(), "to be read by others does no harm");
  }

  @Test
  void aLinkInPlaceOfAFolderIsRefused() throws IOException {
    Path elsewhere = Files.createDirectory(cache.resolve("elsewhere"));
    Files.createSymbolicLink(cache.resolve("tandem"), elsewhere);
    assertRefused("is a symbolic link");
    try (Stream<Path> files = Files.list(elsewhere)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void aFileInPlaceOfAFolderIsRefused() throws IOException {
    Files.createFile(cache.resolve("tandem"));
    assertRefused("is not a folder");
  }

  @Test
  void anotherUsersFolderIsRefused() throws IOException {
    Path folder = cache;
    if (Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0)) {
      folder = Files.createDirectory(cache.resolve("tandem"));
      Files.setAttribute(folder, "unix:uid", 54321);
      assertRefused("belongs to 54321");
    } else {
      DriverException refusal =
          assertThrows(DriverException.class, () -> Natives.secure(Path.of("/usr")));
      assertTrue(refusal.getMessage().contains("/usr belongs to root"), refusal.getMessage());
    }
  }

  /** Unpacks into one folder after another, as soon as it is let go, and looks at each. */
  static final class Racer {
    private Racer() {}

    static byte[] content() {
      byte[] content = new byte[3 << 20];
      new Random(1).nextBytes(content);
      return content;
    }

    public static void main(String[] arguments) throws IOException {
      byte[] content = content();
      if (System.in.read() != '\n') {
        throw new IOException("not let go");
      }
      for (int i = 0; i < 20; i++) {
        Path cache = Path.of(arguments[0], "" + i);
        Path file = Natives.unpack(cache, FILE, content).resolve(FILE);
        if (!Arrays.equals(content, Files.readAllBytes(file))) {
          throw new IOException("incomplete: " + file);
        }
      }
    }
  }

  @Test
  void processesAtOnce() throws Exception {
    for (int i = 0; i < 20; i++) {
      Files.createDirectory(cache.resolve("" + i));
    }
    ChildJvm first = new ChildJvm(Map.of(), Racer.class.getName(), cache.toString());
    ChildJvm second = new ChildJvm(Map.of(), Racer.class.getName(), cache.toString());
    first.go();
    second.go();
    assertEquals("", first.output());
    assertEquals("", second.output());
    try (Stream<Path> all = Files.walk(cache)) {
      assertEquals(20, all.filter(Files::isRegularFile).count(), "no file is left over");
    }
  }

  /** Shows where JCuda would look, and what lies there. */
  static final class Looker {
    private Looker() {}

    public static void main(String[] arguments) {
      Natives.load(
          Natives.Library.DRIVER,
          () -> {
            Path folder = Path.of(System.getProperty("java.io.tmpdir"));
            System.out.println(folder);
            try (Stream<Path> files = Files.list(folder)) {
              files.forEach(
                  file -> System.out.println(file.getFileName() + " " + file.toFile().length()));
            } catch (IOException e) {
              System.out.println(e);
            }
          });
      System.out.println(System.getProperty("java.io.tmpdir"));
    }
  }

  private List<String> look(Path given, Path temporary) throws Exception {
    ChildJvm child =
        new ChildJvm(
            Map.of("XDG_CACHE_HOME", given.toString()),
            "-Djava.io.tmpdir=" + temporary,
            Looker.class.getName());
    return child.output().lines().toList();
  }

  private static final String DRIVER = "libJCudaDriver-12.6.0-linux-x86_64.so";

  private static String driverLine() throws IOException {
    try (InputStream in = jcuda.LibUtils.class.getResourceAsStream("/lib/" + DRIVER)) {
      return DRIVER + " " + in.readAllBytes().length;
    }
  }

  @Test
  void jcudaIsShownTheFolderInTheCacheWithTheOneLibrary() throws Exception {
    Path temporary = Files.createDirectory(cache.resolve("temporary"));
    List<String> lines = look(cache, temporary);
    assertEquals(3, lines.size(), lines.toString());
    assertTrue(lines.getFirst().startsWith(cache.toRealPath() + "/tandem/natives/12.6.0-"));
    assertEquals(driverLine(), lines.get(1));
    assertEquals(temporary.toString(), lines.getLast(), "the property is as it was");
  }

  @Test
  void withoutAHomeItIsAFreshFolderThatDoesNotStay() throws Exception {
    Path temporary = Files.createDirectory(cache.resolve("temporary"));
    Path open = Files.createDirectory(cache.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    for (Path unfit : List.of(Path.of("/dev/null/none"), open)) {
      List<String> lines = look(unfit, temporary);
      assertEquals(3, lines.size(), lines.toString());
      assertTrue(lines.getFirst().startsWith(temporary + "/tandem-natives-"), lines.getFirst());
      assertEquals(driverLine(), lines.get(1));
      assertFalse(Files.exists(Path.of(lines.getFirst())));
    }
  }

  @Test
  void aNameThatNoFileCanHaveIsNoCache() {
    String home = cache.toString();
    assertEquals(Optional.empty(), Natives.cache("/a\0b", home));
    assertEquals(Optional.empty(), Natives.cache(null, "/a\0b"));
    assertEquals(Optional.empty(), Natives.cache("", "?"));
    assertTrue(Natives.cache("relative", home).orElseThrow().endsWith(".cache"));
  }

  /** As glibc says it of a file on a file system that is mounted noexec, and of others. */
  @Test
  void aFolderWhereNothingMayBeExecutedIsTold() {
    assertTrue(Natives.forbidden("/c/libJ.so: failed to map segment from shared object"));
    assertFalse(Natives.forbidden("libcuda.so.1: cannot open shared object file: No such file"));
  }

  @Test
  void theReasonIsTheLoadersLine() {
    String page =
        """
        Error while loading native library "JCublas2-12.6.0-linux-x86_64"
        Operating system name: Linux
        Stack trace from the attempt to load the library as a file:
        java.lang.UnsatisfiedLinkError: no JCublas2-12.6.0-linux-x86_64 in java.library.path: /usr/lib
        Stack trace from the attempt to load the library as a resource:
        java.lang.UnsatisfiedLinkError: /c/libJCublas2.so: libcublas.so.12: cannot open shared object file: No such file
        \tat java.base/jdk.internal.loader.NativeLibraries.load(Native Method)
        """;
    assertEquals(
        "/c/libJCublas2.so: libcublas.so.12: cannot open shared object file: No such file",
        Natives.reason(new UnsatisfiedLinkError(page)));
    assertEquals("short", Natives.reason(new UnsatisfiedLinkError("short\nlonger")));
    assertFalse(Natives.reason(new UnsatisfiedLinkError()).isBlank());
  }
}
