"""What stands between the network and the page: bounds of requests, and the files they leave."""
