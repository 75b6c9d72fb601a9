package dev.tandem.cuda.driver;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import jcuda.JCudaVersion;
import jcuda.LibUtils;

/**
 * JCuda's native libraries, unpacked from the class path into a folder that nobody else can write to.
 *
 * <p>Left to itself JCuda unpacks them into the shared temporary folder under fixed names, and loads what it finds there:
 * anybody's file, or half of one that another process is just writing.
 */
final class Natives {
  /** A native library of JCuda that Tandem uses. Others of its jars, a PTX compiler of 24 MB among them, stay packed. */
  enum Library {
    DRIVER("JCudaDriver"),
    CUBLAS("JCublas2");

    private final String name;

    Library(String name) {
      this.name = name;
    }

    /** Its file's name, the same in the jar and where {@link LibUtils} looks for it. */
    String file() {
      String versioned = name + "-" + JCudaVersion.get();
      return LibUtils.createLibraryFileName(LibUtils.createPlatformLibraryName(versioned));
    }
  }

  private static final String TEMPORARY = "java.io.tmpdir";
  private static final String NAME_A_FOLDER =
      "; name a folder in XDG_CACHE_HOME that only you can write to, and that is not mounted noexec";
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final Set<PosixFilePermission> READ_AND_EXECUTE =
      PosixFilePermissions.fromString("r-x------");
  private static final Map<Library, Optional<DriverException>> LOADED =
      new EnumMap<>(Library.class);

  private Natives() {}

  /**
   * Lets JCuda load a library, the first time.
   *
   * @param firstUse a call of JCuda in which it loads the library
   * @throws DriverException NO_BINDING, with the loader's reason
   */
  static synchronized void load(Library library, Runnable firstUse) {
    // A class that failed to initialise once says nothing but so later, hence the first failure is
    // kept.
    Optional<DriverException> failure =
        LOADED.computeIfAbsent(library, _ -> tryToLoad(library, firstUse));
    if (failure.isPresent()) {
      throw failure.get();
    }
  }

  private static Optional<DriverException> tryToLoad(Library library, Runnable firstUse) {
    byte[] content;
    try {
      content = content(library.file());
    } catch (IOException e) {
      return Optional.of(failure(library, e, ""));
    }
    try {
      Optional<Path> kept = kept(library.file(), content);
      if (kept.isPresent()) {
        loadFrom(kept.get(), firstUse);
      } else {
        loadOnce(library.file(), content, firstUse);
      }
      return Optional.empty();
    } catch (IOException | UncheckedIOException e) {
      return Optional.of(failure(library, e, NAME_A_FOLDER));
    } catch (LinkageError e) {
      return Optional.of(failure(library, e, forbidden(reason(e)) ? NAME_A_FOLDER : ""));
    } catch (DriverException e) {
      return Optional.of(e);
    }
  }

  /** The folder of the user's that has the library from now on, where there is one that it can be loaded from. */
  private static Optional<Path> kept(String file, byte[] content) {
    Optional<Path> cache = cache(System.getenv("XDG_CACHE_HOME"), System.getProperty("user.home"));
    if (cache.isEmpty()) {
      return Optional.empty();
    }
    try {
      Path folder = unpack(cache.get(), file, content);
      return executable(folder.resolve(file)) ? Optional.of(folder) : Optional.empty();
    } catch (IOException _) { // a full disk
      return Optional.empty();
    }
  }

  /**
   * Whether a file may be loaded at all, which a home mounted noexec forbids. JCuda's class could not be asked a second time;
   * what else may be wrong with the file, it meets itself.
   */
  private static boolean executable(Path file) {
    try {
      FfmLibrary.open(file.toString());
      return true;
    } catch (IOException e) {
      return !forbidden(e.getMessage());
    }
  }

  /** Whether the dynamic linker's reason is that the file lies where nothing may be executed. */
  static boolean forbidden(String reason) {
    return reason.contains("failed to map segment") || reason.contains("Operation not permitted");
  }

  /**
   * JCuda looks for a library on java.library.path, which was read when the JVM started, and then, each time anew, in the
   * folder that java.io.tmpdir names. So for the length of one call that names ours. The JDK itself does not notice, since
   * it keeps the value that it started with.
   */
  private static void loadFrom(Path folder, Runnable firstUse) {
    String before = System.getProperty(TEMPORARY);
    System.setProperty(TEMPORARY, folder.toString());
    try {
      firstUse.run();
    } finally {
      if (before == null) {
        System.clearProperty(TEMPORARY);
      } else {
        System.setProperty(TEMPORARY, before);
      }
    }
  }

  /** From a folder of a fresh name, gone again when the library is loaded, where there is no home to keep it in. */
  private static void loadOnce(String file, byte[] content, Runnable firstUse) throws IOException {
    Path folder = Files.createTempDirectory("tandem-natives-", OWNER_ONLY);
    try {
      write(folder, file, content);
      loadFrom(folder, firstUse);
    } finally {
      Files.deleteIfExists(folder.resolve(file));
      Files.deleteIfExists(folder);
    }
  }

  /** The user's folder for what can be made again, if there is one that only the user can write to. */
  static Optional<Path> cache(String given, String home) {
    try {
      Path cache =
          given != null && Path.of(given).isAbsolute() // the specification has others ignored
              ? Path.of(given)
              : Path.of(home, ".cache");
      if (!cache.isAbsolute()) { // user.home is "?" for a user without an entry in passwd
        return Optional.empty();
      }
      Files.createDirectories(cache, OWNER_ONLY);
      Path real = cache.toRealPath();
      return Files.isWritable(real) && objection(real).isEmpty()
          ? Optional.of(real)
          : Optional.empty();
    } catch (InvalidPathException _) { // letters that the locale's encoding has not
      return Optional.empty();
    } catch (IOException _) { // a read-only home
      return Optional.empty();
    }
  }

  /**
   * Puts a library into {@code tandem/natives/VERSION-HASH} of a folder, unless it is there already.
   *
   * @return the folder with the library, which is byte for byte the given content
   * @throws DriverException where somebody else could have changed one of the folders
   */
  static Path unpack(Path cache, String file, byte[] content) throws IOException {
    Path folder = secure(cache.resolve("tandem"));
    folder = secure(folder.resolve("natives"));
    folder = secure(folder.resolve(JCudaVersion.get() + "-" + hash(content)));
    if (!genuine(folder.resolve(file), content)) {
      write(folder, file, content);
    }
    return folder;
  }

  /** A folder made or found that is the user's alone. */
  static Path secure(Path folder) throws IOException {
    try {
      Files.createDirectory(folder, OWNER_ONLY);
    } catch (FileAlreadyExistsException _) {
      // By an earlier start, another process just now, or somebody who should not have.
    }
    Optional<String> objection = objection(folder);
    if (objection.isPresent()) {
      throw new DriverException(
          "load native libraries",
          DriverError.NO_BINDING,
          folder
              + " "
              + objection.get()
              + ", so that others could change what is loaded from it; remove it");
    }
    return folder;
  }

  /** Why a folder cannot be trusted. */
  private static Optional<String> objection(Path folder) throws IOException {
    PosixFileAttributes attributes =
        Files.readAttributes(folder, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    if (!attributes.isDirectory()) {
      return Optional.of(attributes.isSymbolicLink() ? "is a symbolic link" : "is not a folder");
    }
    if (!ours(folder)) {
      return Optional.of("belongs to " + attributes.owner().getName());
    }
    return writableByOthers(attributes)
        ? Optional.of("can be written to by others")
        : Optional.empty();
  }

  /** Whether a file is what it should be, down to the last byte; another user's file or a link never is. */
  private static boolean genuine(Path file, byte[] content) throws IOException {
    try {
      PosixFileAttributes attributes =
          Files.readAttributes(file, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      return attributes.isRegularFile()
          && attributes.size() == content.length
          && ours(file)
          && !writableByOthers(attributes)
          && Arrays.equals(Files.readAllBytes(file), content);
    } catch (NoSuchFileException _) {
      return false;
    }
  }

  /** Writes a file so that at every moment it is either absent, the old one, or complete. */
  private static void write(Path folder, String file, byte[] content) throws IOException {
    Path fresh = Files.createTempFile(folder, file, ".tmp");
    try {
      Files.write(fresh, content);
      Files.setPosixFilePermissions(fresh, READ_AND_EXECUTE);
      Files.move(
          fresh,
          folder.resolve(file),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      throw new IOException("cannot rename in " + folder, e);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  private static boolean writableByOthers(PosixFileAttributes attributes) {
    return attributes.permissions().contains(PosixFilePermission.GROUP_WRITE)
        || attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE);
  }

  private static boolean ours(Path path) throws IOException {
    Object owner = Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    return owner.equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
  }

  private static byte[] content(String file) throws IOException {
    try (InputStream in = LibUtils.class.getResourceAsStream("/lib/" + file)) {
      if (in == null) {
        throw new IOException(
            "/lib/" + file + " is not on the class path; add JCuda's natives for linux-x86_64");
      }
      return in.readAllBytes();
    }
  }

  private static String hash(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) { // every JDK has it
      throw new IllegalStateException(e);
    }
  }

  private static DriverException failure(Library library, Throwable cause, String advice) {
    return new DriverException(
        "load JCuda's " + library.name, DriverError.NO_BINDING, reason(cause) + advice, cause);
  }

  /** The one line that matters in the page of stack traces that JCuda makes of a failure to load. */
  static String reason(Throwable failure) {
    String text = String.valueOf(failure.getMessage());
    String mark = UnsatisfiedLinkError.class.getName() + ": ";
    return text.lines()
        .filter(line -> line.contains(mark) && line.contains(".so"))
        .map(line -> line.substring(line.indexOf(mark) + mark.length()))
        .reduce((_, last) -> last)
        .orElseGet(() -> text.lines().findFirst().orElse(failure.toString()));
  }
}
