import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import java.util.List;

/** Tandem's side: {@code bench/Workload.java}. */
final class TandemWorker implements Worker {
  private final Backend backend = Backends.open("cpu", System.err::println);

  public static void main(String[] arguments) throws java.io.IOException {
    Worker.serve(new TandemWorker());
  }

  @Override
  public String version() {
    return backend.description();
  }

  @Override
  public Case open(List<String> words) {
    Workload workload = new Workload(words.get(0), Integer.parseInt(words.get(1)), backend);
    return new Case(workload.parameters(), workload::step);
  }
}
