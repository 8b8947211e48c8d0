"""PyTorch and the devices it runs on: seeding, hardware, compiler, torchvision."""
