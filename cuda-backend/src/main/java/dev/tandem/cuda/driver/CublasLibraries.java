package dev.tandem.cuda.driver;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Where a machine's cuBLAS libraries lie. Places are searched in this order, each from its newest library to its oldest:
 *
 * <ol>
 *   <li>what the user configured, a file or a folder; and then nothing else
 *   <li>the folders of LD_LIBRARY_PATH
 *   <li>the toolkit in CUDA_HOME, then in CUDA_PATH
 *   <li>the Python environment that is active, of VIRTUAL_ENV or CONDA_PREFIX
 *   <li>the system: toolkits in /usr/local/cuda, /usr/local/cuda-* and /opt/cuda, then the folders of shared libraries
 *   <li>by name, as the dynamic linker finds it: its cache knows what /etc/ld.so.conf names
 * </ol>
 *
 * @param root what absolute paths start from: /, or a folder that plays it
 * @param architecture os.arch: amd64 or aarch64
 */
record CublasLibraries(Path root, Map<String, String> environment, String architecture) {
  /** The major versions whose functions are those that Tandem calls. */
  private static final Set<Integer> MAJORS = Set.of(12, 13);

  private static final Pattern FILE = Pattern.compile("libcublas\\.so\\.(\\d{1,4})(?:\\.\\d+)*");
  private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");
  private static final Comparator<int[]> NEWEST_FIRST =
      ((Comparator<int[]>) Arrays::compare).reversed();

  /**
   * A library found.
   *
   * @param name its absolute path, or its soname where the dynamic linker is to find it
   * @param major the version of its interface, 12 or 13
   * @param origin which place it was found in: {@code "CUDA_HOME"}
   */
  record Library(String name, int major, String origin) {
    /** The soname of cuBLAS's other half, which this one needs from the same folder. */
    String companion() {
      return "libcublasLt.so." + major;
    }

    /** Whether the dynamic linker is to find it. */
    boolean bySoname() {
      return name.indexOf('/') < 0;
    }
  }

  /**
   * What a search came to.
   *
   * @param found libraries to try, best first
   * @param searched the places that were looked at, for humans
   * @param unfit libraries that cannot serve, each with the reason, for humans
   */
  record Result(List<Library> found, List<String> searched, List<String> unfit) {}

  static CublasLibraries ofThisMachine() {
    return new CublasLibraries(Path.of("/"), System.getenv(), System.getProperty("os.arch"));
  }

  /**
   * @param configured a file or a folder: of the libraries themselves, a toolkit's, a Python wheel's, or the site-packages
   *     around it
   * @param driverVersion as {@link Driver#version}: a cuBLAS of CUDA 13 does not run on a driver for CUDA 12
   */
  Result search(Optional<String> configured, int driverVersion) {
    Search search = new Search(driverVersion);
    if (configured.isPresent()) {
      search.configured(configured.get());
      return search.result();
    }
    environment("LD_LIBRARY_PATH")
        .ifPresent(folders ->
            Stream.of(folders.split("[:;]")) // ld.so takes either
                .filter(folder -> !folder.isEmpty())
                .forEach(folder -> search.place("LD_LIBRARY_PATH", folder, List::of)));
    for (String variable : List.of("CUDA_HOME", "CUDA_PATH")) {
      environment(variable).ifPresent(home -> search.place(variable, home, this::toolkit));
    }
    for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
      environment(variable).ifPresent(home -> search.place(variable, home, this::configured));
    }
    search.place("the system's folders", system());
    search.bySoname();
    return search.result();
  }

  private Optional<String> environment(String variable) {
    return Optional.ofNullable(environment.get(variable))
        .map(String::strip)
        .filter(text -> !text.isEmpty());
  }

  /**
   * @throws InvalidPathException where the name has letters that the locale's encoding has not
   */
  private Path at(String text) {
    Path path = Path.of(text);
    return path.isAbsolute()
        ? root.resolve(path.getRoot().relativize(path))
        : path.toAbsolutePath();
  }

  /** What a folder that the user named may stand for. */
  private List<Path> configured(Path folder) {
    List<Path> places = new ArrayList<>(List.of(folder));
    places.addAll(toolkit(folder));
    places.addAll(wheels(folder));
    places.addAll(wheels(folder.resolve("nvidia")));
    for (Path python : matching(folder.resolve("lib"), "python3.*")) { // a virtual environment
      places.addAll(wheels(python.resolve("site-packages/nvidia")));
    }
    return places;
  }

  /** Where NVIDIA's wheels put cuBLAS inside their folder: those of CUDA 12 one by one, those of CUDA 13 together. */
  private static List<Path> wheels(Path nvidia) {
    List<Path> places = new ArrayList<>(List.of(nvidia.resolve("cublas/lib")));
    matching(nvidia, "cu[0-9]*").forEach(version -> places.add(version.resolve("lib")));
    return places;
  }

  private List<Path> toolkit(Path home) {
    String target = arm() ? "sbsa-linux" : "x86_64-linux";
    return List.of(
        home.resolve("lib64"), home.resolve("targets/" + target + "/lib"), home.resolve("lib"));
  }

  private List<Path> system() {
    List<Path> places = new ArrayList<>();
    places.addAll(toolkit(at("/usr/local/cuda")));
    matching(at("/usr/local"), "cuda-*").forEach(home -> places.addAll(toolkit(home)));
    places.addAll(toolkit(at("/opt/cuda")));
    String multiarch = arm() ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
    for (String top : List.of("/usr/lib/", "/lib/")) {
      places.add(at(top + multiarch));
    }
    for (String folder : List.of("/usr/lib64", "/lib64", "/usr/lib", "/lib")) {
      places.add(at(folder));
    }
    return places;
  }

  private boolean arm() {
    return architecture.equals("aarch64");
  }

  /** A folder's entries of a pattern, those of the highest number first: cuda-12.10 before cuda-12.2. */
  private static List<Path> matching(Path folder, String glob) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    List<Path> entries = new ArrayList<>();
    try (var stream = Files.newDirectoryStream(folder, glob)) {
      stream.forEach(entries::add);
    } catch (IOException | DirectoryIteratorException _) {
      return List.of(); // a folder that may not be read has nothing for us
    }
    entries.sort(Comparator.comparing(CublasLibraries::version, NEWEST_FIRST));
    return entries;
  }

  private static int[] version(Path entry) {
    return NUMBER
        .matcher(entry.getFileName().toString())
        .results()
        .mapToInt(digits -> Integer.parseInt(digits.group()))
        .toArray();
  }

  /** One search: collects, leaves out what was found before under another name, and sorts out what cannot serve. */
  private final class Search {
    private final int driverMajor;
    private final List<Library> found = new ArrayList<>();
    private final List<String> searched = new ArrayList<>();
    private final List<String> unfit = new ArrayList<>();
    private final Set<Path> seen = new HashSet<>();

    Search(int driverVersion) {
      this.driverMajor = driverVersion / 1000;
    }

    void file(String origin, Path path) {
      library(path, origin).ifPresent(found::add);
      searched.add(origin);
    }

    void configured(String name) {
      try {
        Path path = at(name);
        if (Files.isDirectory(path)) {
          place(name, CublasLibraries.this.configured(path));
        } else {
          file(name, path);
        }
      } catch (InvalidPathException e) {
        invalid(name, name, e);
      }
    }

    /** Looks at the folders that a variable's folder stands for. */
    void place(String variable, String name, Function<Path, List<Path>> folders) {
      String origin = variable + "'s " + name;
      try {
        place(origin, folders.apply(at(name)));
      } catch (InvalidPathException e) {
        invalid(origin, name, e);
      }
    }

    private void invalid(String origin, String name, InvalidPathException e) {
      searched.add(origin);
      unfit.add(name + ": no file can have this name here, " + e.getReason());
    }

    /** Looks at folders that together are one place: newest major first, else in the order given. */
    void place(String origin, List<Path> folders) {
      List<Library> here = new ArrayList<>();
      for (Path folder : folders) {
        files(folder).forEach(file -> library(file, origin).ifPresent(here::add));
      }
      here.sort(Comparator.comparingInt(Library::major).reversed());
      found.addAll(here);
      searched.add(origin);
    }

    void bySoname() {
      MAJORS.stream()
          .filter(major -> major <= driverMajor)
          .sorted(Comparator.reverseOrder())
          .map(major -> new Library("libcublas.so." + major, major, "the dynamic linker"))
          .forEach(found::add);
      searched.add("the dynamic linker's cache");
    }

    Result result() {
      return new Result(List.copyOf(found), List.copyOf(searched), List.copyOf(unfit));
    }

    private Optional<Library> library(Path file, String origin) {
      try {
        Path real = file.toRealPath();
        if (!seen.add(real)) {
          return Optional.empty();
        }
        OptionalInt major = major(file, real);
        if (major.isEmpty()) {
          return unfit(file, "not of the name libcublas.so.12 or .13");
        }
        if (!MAJORS.contains(major.getAsInt())) {
          return unfit(file, "cuBLAS 12 or 13 is needed");
        }
        if (major.getAsInt() > driverMajor) {
          return unfit(file, "the driver runs CUDA " + driverMajor + " at most");
        }
        return Optional.of(new Library(file.toString(), major.getAsInt(), origin));
      } catch (IOException _) {
        return unfit(file, "there is no such file or folder");
      }
    }

    private Optional<Library> unfit(Path file, String reason) {
      unfit.add(file + ": " + reason);
      return Optional.empty();
    }
  }

  /** A folder's libraries, the shortest names first: links like libcublas.so.12 before what they lead to. */
  private static List<Path> files(Path folder) {
    return matching(folder, "libcublas.so.*").stream()
        .filter(file -> FILE.matcher(file.getFileName().toString()).matches())
        .filter(Files::isRegularFile)
        .sorted(Comparator.comparingInt(file -> file.toString().length()))
        .toList();
  }

  private static OptionalInt major(Path file, Path real) {
    for (Path name : List.of(file, real)) {
      Matcher matcher = FILE.matcher(name.getFileName().toString());
      if (matcher.matches()) {
        return OptionalInt.of(Integer.parseInt(matcher.group(1)));
      }
    }
    return OptionalInt.empty();
  }
}
