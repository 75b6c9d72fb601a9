import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** DL4J: its layers, its graph and its updaters. */
final class Dl4jWorker implements Worker {
  private final int threads;

  private Dl4jWorker(int threads) {
    this.threads = threads;
    Nd4j.setDefaultDataTypes(DataType.FLOAT, DataType.FLOAT);
  }

  public static void main(String[] arguments) throws java.io.IOException {
    Worker.serve(new Dl4jWorker(Integer.parseInt(arguments[0])));
  }

  @Override
  public String version() {
    return "ND4J " + Nd4j.class.getPackage().getImplementationVersion() + ", threads " + threads;
  }

  @Override
  public Case open(List<String> words) {
    String name = words.get(0);
    int size = Integer.parseInt(words.get(1));
    Batch batch = Batch.of(name, size);
    ComputationGraph network = new ComputationGraph(Graphs.of(name));
    network.init();
    INDArray x = Nd4j.create(batch.images(), batch.shape(), 'c');
    INDArray y = Nd4j.zeros(DataType.FLOAT, size, Batch.CLASSES);
    for (int i = 0; i < size; i++) {
      y.putScalar(i, batch.labels()[i], 1);
    }
    INDArray[] inputs = {x};
    INDArray[] labels = {y};
    return new Case(
        trained(network),
        () -> {
          network.fit(inputs, labels);
          return network.score();
        },
        network::close);
  }

  /** DL4J counts running means and variances too. */
  private static long trained(ComputationGraph network) {
    return network.paramTable().entrySet().stream()
        .filter(entry -> !entry.getKey().endsWith("_mean") && !entry.getKey().endsWith("_var"))
        .mapToLong(entry -> entry.getValue().length())
        .sum();
  }
}
