"""Networks, a file each, with their published weights; `catalog` lists them and loads them."""
