"""The network of a sealed file in int8: smaller, faster, and measured beside float32."""
