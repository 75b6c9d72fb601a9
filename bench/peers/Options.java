import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What the command line asks for. */
final class Options {
  static final String HELP =
      """
      bench/compare [options]: the same training steps on Tandem and on others, alternating, in one run.

        --workload LIST  of mlp:128 mlp:32 cnn:64 resnet:32 gpt:16, a name and its batch; all of them at first
        --peer LIST      of bytedeco djl torch dl4j, with --gemm of bytedeco torch blas mkl; all that can be had at first
        --rounds N       alternations, 7 at first
        --threads N      of each side, the processors at first
        --start          instead: from the process's start to the first finished step of the MLP, and memory
        --gemm           instead: matrix products against MKL, OpenBLAS and libtorch
        --python PATH    the Python whose PyTorch takes part, python3 at first
        --markdown       tables for a document
      """;
  private static final List<String> WORKLOADS = List.of("mlp:128", "mlp:32", "cnn:64", "resnet:32", "gpt:16");

  /** What is measured. */
  enum Mode {
    STEPS,
    START,
    GEMM
  }

  Mode mode = Mode.STEPS;
  List<String> workloads = WORKLOADS;
  List<Peer> peers = List.of();
  int rounds = 7;
  int threads = Runtime.getRuntime().availableProcessors();
  String python = "python3";
  boolean markdown;

  static Options of(String[] arguments) {
    Options options = new Options();
    for (int i = 0; i < arguments.length; i++) {
      String name = arguments[i];
      switch (name) {
        case "--markdown" -> options.markdown = true;
        case "--start" -> options.mode = Mode.START;
        case "--gemm" -> options.mode = Mode.GEMM;
        default -> options.set(name, i + 1 < arguments.length ? arguments[++i] : null);
      }
    }
    if (options.peers.isEmpty()) {
      options.peers = options.allPeers();
    }
    for (Peer peer : options.peers) {
      if (!options.allPeers().contains(peer)) {
        throw new CompareException(peer.title + " has no part in this; choose from " + options.allPeers().toString().toLowerCase(Locale.ROOT));
      }
    }
    return options;
  }

  private void set(String name, String value) {
    if (!List.of("--workload", "--peer", "--rounds", "--threads", "--python").contains(name)) {
      throw new CompareException("no such option, got '" + name + "'; see --help");
    }
    if (value == null) {
      throw new CompareException(name + " needs a value; see --help");
    }
    switch (name) {
      case "--workload" -> workloads = words(value).stream().map(Options::workload).toList();
      case "--peer" -> peers = words(value).stream().map(Options::peer).toList();
      case "--rounds" -> rounds = positive(name, value);
      case "--threads" -> threads = positive(name, value);
      default -> python = value;
    }
  }

  private List<Peer> allPeers() {
    return mode == Mode.GEMM
        ? List.of(Peer.MKL, Peer.BLAS, Peer.BYTEDECO, Peer.TORCH)
        : List.of(Peer.BYTEDECO, Peer.DJL, Peer.TORCH, Peer.DL4J);
  }

  private static List<String> words(String list) {
    return Arrays.asList(list.split("[, ]+"));
  }

  private static String workload(String word) {
    return WORKLOADS.stream()
        .filter(known -> known.equals(word) || known.startsWith(word + ":"))
        .findFirst()
        .orElseThrow(() -> new CompareException("no such workload, got '" + word + "'; use one of " + WORKLOADS));
  }

  private static Peer peer(String word) {
    List<String> names = new ArrayList<>();
    for (Peer peer : Peer.values()) {
      String name = peer.name().toLowerCase(Locale.ROOT);
      if (name.equals(word) && peer != Peer.TANDEM) {
        return peer;
      }
      if (peer != Peer.TANDEM) {
        names.add(name);
      }
    }
    throw new CompareException("no such peer, got '" + word + "'; use one of " + names);
  }

  private static int positive(String name, String value) {
    if (!value.matches("[1-9][0-9]{0,3}")) {
      throw new CompareException(name + " must be a number from 1 to 9999, got '" + value + "'");
    }
    return Integer.parseInt(value);
  }
}
