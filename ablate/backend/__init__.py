"""PyTorch and the devices it runs on: seeding, hardware, CPU cores, compiler, torchvision."""
