import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Blocks;
import ai.djl.nn.ParallelBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.SequentialBlock;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.BatchNorm;
import ai.djl.nn.pooling.Pool;
import ai.djl.training.initializer.XavierInitializer;
import java.util.List;

/** The networks of {@code bench/Workload.java} in DJL's blocks, with the same distributions of the first weights. */
final class Networks {
  private Networks() {}

  static Block of(String name) {
    if (name.equals("gpt")) {
      return new Gpt();
    }
    Block network =
        switch (name) {
          case "mlp" -> mlp();
          case "cnn" -> cnn();
          default -> resnet();
        };
    XavierInitializer uniform =
        new XavierInitializer(XavierInitializer.RandomType.UNIFORM, XavierInitializer.FactorType.IN, 6);
    network.setInitializer(uniform, Parameter.Type.WEIGHT);
    return network;
  }

  private static Block mlp() {
    return new SequentialBlock()
        .add(dense(512))
        .add(Activation::relu)
        .add(dense(512))
        .add(Activation::relu)
        .add(dense(Batch.CLASSES));
  }

  private static Block cnn() {
    return new SequentialBlock()
        .add(convolution(32, 3, 1, 0, true))
        .add(Activation::relu)
        .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
        .add(convolution(64, 3, 1, 0, true))
        .add(Activation::relu)
        .add(Pool.maxPool2dBlock(new Shape(2, 2), new Shape(2, 2)))
        .add(Blocks.batchFlattenBlock())
        .add(dense(128))
        .add(Activation::relu)
        .add(dense(Batch.CLASSES));
  }

  private static Block resnet() {
    SequentialBlock network = new SequentialBlock().add(convolution(64, 3, 1, 1, false)).add(norm()).add(Activation::relu);
    for (int out : new int[] {64, 128, 256, 512}) {
      for (int block = 0; block < 2; block++) {
        int stride = block == 0 && out > 64 ? 2 : 1;
        Block branch =
            new SequentialBlock()
                .add(convolution(out, 3, stride, 1, false))
                .add(norm())
                .add(Activation::relu)
                .add(convolution(out, 3, 1, 1, false))
                .add(norm());
        Block shortcut =
            stride == 1 ? Blocks.identityBlock() : new SequentialBlock().add(convolution(out, 1, stride, 0, false)).add(norm());
        network.add(new ParallelBlock(Networks::sum, List.of(branch, shortcut))).add(Activation::relu);
      }
    }
    return network.add(Pool.globalAvgPool2dBlock()).add(dense(Batch.CLASSES));
  }

  private static NDList sum(List<NDList> parts) {
    NDArray branch = parts.get(0).head();
    return new NDList(branch.add(parts.get(1).head()));
  }

  private static Block dense(int out) {
    return Linear.builder().setUnits(out).build();
  }

  private static Block convolution(int out, int kernel, int stride, int padding, boolean biased) {
    return Conv2d.builder()
        .setKernelShape(new Shape(kernel, kernel))
        .setFilters(out)
        .optStride(new Shape(stride, stride))
        .optPadding(new Shape(padding, padding))
        .optBias(biased)
        .build();
  }

  private static Block norm() {
    return BatchNorm.builder().optEpsilon(1e-5f).optMomentum(0.9f).build();
  }
}
