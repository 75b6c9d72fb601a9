import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Whole training steps of the CPU backend: {@code bench/run StepBench mlp 128}, with {@code --ops} also where the time goes, by op and by
 * the shapes of its operands.
 */
final class StepBench {
  private static final int ROUNDS = 15;
  private static final long WARM_NANOS = 6_000_000_000L;
  private static final long ROUND_NANOS = 200_000_000L;

  private static final class Share {
    private long nanos;
    private long calls;
  }

  private final Map<String, Share> shares = new HashMap<>();

  public static void main(String[] arguments) {
    String name = arguments.length > 0 ? arguments[0] : "mlp";
    int batch = arguments.length > 1 ? Integer.parseInt(arguments[1]) : name.equals("gpt") ? 16 : name.equals("mlp") ? 128 : 64;
    new StepBench().run(name, batch, List.of(arguments).contains("--ops"));
  }

  private void run(String name, int batch, boolean ops) {
    try (Backend cpu = Backends.open("cpu", System.err::println);
        Workload workload = new Workload(name, batch, ops ? watched(cpu) : cpu)) {
      long warmUntil = System.nanoTime() + WARM_NANOS;
      int warm = 0;
      while (System.nanoTime() < warmUntil || warm < 5) {
        workload.step();
        warm++;
      }
      shares.clear();
      double[] millis = new double[ROUNDS];
      long steps = 0;
      double last = 0;
      for (int round = 0; round < ROUNDS; round++) {
        long start = System.nanoTime();
        int calls = 0;
        do {
          last = workload.step();
          calls++;
        } while (System.nanoTime() - start < ROUND_NANOS);
        millis[round] = (System.nanoTime() - start) / 1e6 / calls;
        steps += calls;
      }
      Arrays.sort(millis);
      int items = name.equals("gpt") ? batch * Workload.CONTEXT : batch;
      System.out.printf(
          "%s b%d: %.3f ms a step [%.3f..%.3f], %.0f items/s, loss %.4f, after %d steps%n", name, batch, millis[ROUNDS / 2],
          millis[ROUNDS / 4], millis[3 * ROUNDS / 4], items * 1e3 / millis[ROUNDS / 2], last, warm + steps);
      long all = steps;
      double total = shares.values().stream().mapToLong(s -> s.nanos).sum() / 1e6 / steps;
      shares.entrySet().stream()
          .sorted(Comparator.comparing(e -> -e.getValue().nanos))
          .forEach(e ->
              System.out.printf(
                  "%9.4f ms %5.1f %% %6.1f calls  %s%n", e.getValue().nanos / 1e6 / all, e.getValue().nanos / 1e4 / all / total,
                  (double) e.getValue().calls / all, e.getKey()));
      if (ops) {
        System.out.printf("%9.4f ms in ops%n", total);
      }
    }
  }

  /** The backend, with each call timed. */
  private Backend watched(Backend cpu) {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (_, method, arguments) -> {
              boolean timed = method.getName().equals("run") || method.getName().equals("update");
              long start = System.nanoTime();
              try {
                return method.invoke(cpu, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              } finally {
                if (timed) {
                  List<?> operands = (List<?>) arguments[1];
                  Share share = shares.computeIfAbsent(label(arguments[0], operands), _ -> new Share());
                  share.nanos += System.nanoTime() - start;
                  share.calls++;
                }
              }
            });
  }

  private static String label(Object op, List<?> operands) {
    StringBuilder label = new StringBuilder(op.toString());
    for (int i = 0; i < Math.min(3, operands.size()); i++) {
      label.append(' ').append(((dev.tandem.backend.Operand) operands.get(i)).shape());
    }
    return label.toString();
  }
}
