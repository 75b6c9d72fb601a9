import ai.djl.Device;
import ai.djl.Model;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import ai.djl.training.DefaultTrainingConfig;
import ai.djl.training.GradientCollector;
import ai.djl.training.Trainer;
import ai.djl.training.loss.Loss;
import ai.djl.training.optimizer.Optimizer;
import ai.djl.training.tracker.Tracker;
import java.util.List;

/** PyTorch through DJL: its blocks, trainer and optimizers. */
final class DjlWorker implements Worker {
  private final Engine engine = Engine.getInstance();

  private DjlWorker(int threads) {
    JniUtils.setNumThreads(threads);
  }

  public static void main(String[] arguments) throws java.io.IOException {
    Worker.serve(new DjlWorker(Integer.parseInt(arguments[0])));
  }

  @Override
  public String version() {
    return engine.getEngineName() + " " + engine.getVersion() + ", threads " + JniUtils.getNumThreads();
  }

  @Override
  public Case open(List<String> words) {
    String name = words.get(0);
    Batch batch = Batch.of(name, Integer.parseInt(words.get(1)));
    Model model = Model.newInstance(name);
    model.setBlock(Networks.of(name));
    Trainer trainer =
        model.newTrainer(
            new DefaultTrainingConfig(Loss.softmaxCrossEntropyLoss())
                .optOptimizer(optimizer(name))
                .optDevices(new Device[] {Device.cpu()}));
    NDManager manager = NDManager.newBaseManager();
    Shape shape = new Shape(batch.shape());
    NDArray x = batch.tokens() == null ? manager.create(batch.images(), shape) : manager.create(Batch.widened(batch.tokens()), shape);
    NDArray y = manager.create(Batch.widened(batch.labels()));
    trainer.initialize(shape);
    long parameters =
        model.getBlock().getParameters().values().stream()
            .filter(parameter -> parameter.requiresGradient())
            .mapToLong(parameter -> parameter.getArray().size())
            .sum();
    return new Case(
        parameters,
        () -> step(trainer, x, y),
        () -> {
          trainer.close();
          model.close();
          manager.close();
        });
  }

  /** Arrays belong to a manager of this step, which frees what the step made. */
  private static double step(Trainer trainer, NDArray x, NDArray y) {
    NDManager owner = x.getManager();
    double value;
    try (NDManager manager = trainer.getManager().newSubManager()) {
      x.attach(manager);
      y.attach(manager);
      try (GradientCollector collector = trainer.newGradientCollector()) {
        NDArray loss = trainer.getLoss().evaluate(new NDList(y), trainer.forward(new NDList(x)));
        collector.backward(loss);
        value = loss.getFloat();
      }
      trainer.step();
      x.attach(owner);
      y.attach(owner);
    }
    return value;
  }

  private static Optimizer optimizer(String name) {
    return switch (name) {
      case "mlp", "resnet" ->
          Optimizer.sgd()
              .setLearningRateTracker(Tracker.fixed(0.01f))
              .optMomentum(0.9f)
              .optWeightDecays(name.equals("resnet") ? 5e-4f : 0)
              .build();
      case "cnn" -> Optimizer.adam().optLearningRateTracker(Tracker.fixed(1e-3f)).build();
      default -> Optimizer.adamW().optLearningRateTracker(Tracker.fixed(3e-4f)).optWeightDecays(0.01f).build();
    };
  }
}
