def export(net, path): pass
