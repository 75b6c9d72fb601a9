import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/** A side of the comparison: its sources, its jars, and the ways to start it. */
enum Peer {
  TANDEM("Tandem"),
  BYTEDECO("Bytedeco PyTorch"),
  DJL("DJL PyTorch"),
  TORCH("PyTorch, Python"),
  DL4J("DL4J"),
  BLAS("OpenBLAS"),
  MKL("MKL");

  static final Path ROOT = Path.of(System.getProperty("compare.root")).toAbsolutePath();
  private static final Path PEERS = ROOT.resolve("bench/peers");
  static final String JAVA = Path.of(System.getProperty("java.home"), "bin", "java").toString();

  final String title;

  Peer(String title) {
    this.title = title;
  }

  /**
   * A way to start a side.
   *
   * @param label what is said of it beside the side's name
   */
  record Setting(Peer peer, int threads, String label, Map<String, String> environment, List<String> flags) {
    // Freed memory stays with the process: by default glibc gives every larger block back, and its pages come anew with each op,
    // which on some virtual machines takes longer than the op.
    private static final Map<String, String> KEPT =
        Map.of("MALLOC_MMAP_MAX_", "0", "MALLOC_TRIM_THRESHOLD_", "8589934592", "MALLOC_TOP_PAD_", "67108864");

    Setting {
      if (peer != TANDEM) {
        environment = new HashMap<>(environment);
        environment.putAll(KEPT);
      }
    }

    String title() {
      return peer.title + (label.isEmpty() ? "" : ", " + label);
    }
  }

  Path folder() {
    Peer owner = this == BLAS || this == MKL ? BYTEDECO : this; // whose jars they are
    return PEERS.resolve(owner.name().toLowerCase(Locale.ROOT));
  }

  boolean isTorch() {
    return this == BYTEDECO || this == DJL || this == TORCH;
  }

  /** The settings that are worth a try with so many threads. */
  List<Setting> settings(int threads) {
    return switch (this) {
      case BYTEDECO -> bytedeco(threads);
      case DL4J ->
          Stream.of(1, threads).distinct().map(t -> new Setting(this, t, "threads " + t, pools(t, t), List.of())).toList();
      case DJL, TORCH, BLAS, MKL -> List.of(new Setting(this, threads, "", pools(threads, threads), List.of()));
      case TANDEM -> List.of(new Setting(this, threads, "", Map.of(), List.of()));
    };
  }

  /** libtorch has threads of its own for most ops, by OpenMP, and OpenBLAS others for products: they get in each other's way. */
  private List<Setting> bytedeco(int threads) {
    if (threads == 1) {
      return List.of(new Setting(this, 1, "OpenBLAS", pools(1, 1), List.of()), withMkl(1));
    }
    List<Setting> settings = new ArrayList<>();
    settings.add(new Setting(this, 1, "OpenMP 1, OpenBLAS " + threads, pools(1, threads), List.of()));
    settings.add(new Setting(this, threads, "OpenMP " + threads + ", OpenBLAS 1", pools(threads, 1), List.of()));
    Map<String, String> passive = new HashMap<>(pools(threads, threads));
    passive.put("OMP_WAIT_POLICY", "PASSIVE");
    settings.add(new Setting(this, threads, "both " + threads + ", OpenMP passive", passive, List.of()));
    Map<String, String> brief = new HashMap<>(passive);
    brief.put("OPENBLAS_THREAD_TIMEOUT", "12"); // spins for 2^12 cycles instead of 2^26
    settings.add(new Setting(this, threads, "both " + threads + ", both passive", brief, List.of()));
    settings.add(withMkl(threads));
    return settings;
  }

  /** MKL in OpenBLAS's place, by OpenMP's threads, as PyTorch itself is built. */
  Setting withMkl(int threads) {
    Map<String, String> environment = Map.of("OMP_NUM_THREADS", "" + threads, "MKL_THREADING_LAYER", "GNU");
    return new Setting(this, threads, "OpenMP " + threads + ", MKL", environment, List.of("-Dorg.bytedeco.openblas.load=mkl_rt"));
  }

  private static Map<String, String> pools(int openMp, int openBlas) {
    return Map.of("OMP_NUM_THREADS", "" + openMp, "OPENBLAS_NUM_THREADS", "" + openBlas);
  }

  List<String> command(Setting setting, String python) {
    if (this == TORCH) {
      return List.of(python, folder().resolve("torch_worker.py").toString(), "" + setting.threads());
    }
    List<String> command = new ArrayList<>(List.of(JAVA, "--enable-native-access=ALL-UNNAMED"));
    switch (this) {
      case TANDEM ->
          command.addAll(
              List.of( // as the script tandem starts it
                  "--add-modules", "jdk.incubator.vector", "-XX:+UseParallelGC", "-XX:MaxNewSize=64m",
                  "-Dtandem.threads=" + setting.threads()));
      case DJL -> command.addAll(List.of("-Dai.djl.offline=true", "-Doffline=true", "-DOPT_OUT_TRACKING=true"));
      case DL4J -> command.addAll(List.of("--add-opens", "java.base/java.nio=ALL-UNNAMED"));
      default -> {}
    }
    if (this != TANDEM && this != DJL) {
      command.add("-Dorg.bytedeco.javacpp.nopointergc=true"); // scopes free what a step made, as in C++
      command.add("-Dorg.bytedeco.javacpp.cachedir=" + folder().resolve("target/cache"));
    }
    command.addAll(setting.flags());
    command.addAll(List.of("-cp", classPath(), main(), "" + setting.threads()));
    return command;
  }

  private String main() {
    return switch (this) {
      case TANDEM -> "TandemWorker";
      case BYTEDECO -> "BytedecoWorker";
      case DJL -> "DjlWorker";
      case DL4J -> "Dl4jWorker";
      case BLAS -> "OpenBlasWorker";
      case MKL -> "MklWorker";
      case TORCH -> throw new IllegalStateException("a Python program");
    };
  }

  String classPath() {
    String classes = folder().resolve("target/classes").toString();
    if (this != TANDEM) {
      return classes + ":" + folder().resolve("target/lib") + "/*";
    }
    Stream<String> modules = Stream.of("api", "train", "cpu-backend").map(m -> ROOT.resolve(m).resolve("target/classes").toString());
    return classes + ":" + String.join(":", modules.toList()) + ":" + ROOT.resolve("cli/target/lib") + "/*"; // SLF4J
  }

  /** Every source of the side, with what it shares with the others. */
  List<Path> sources() throws IOException {
    List<Path> sources = new ArrayList<>();
    for (Path folder : List.of(PEERS.resolve("common"), folder())) {
      try (Stream<Path> files = Files.list(folder)) {
        files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
      }
    }
    if (this == TANDEM) {
      sources.add(ROOT.resolve("bench/Workload.java"));
    }
    return sources;
  }
}
