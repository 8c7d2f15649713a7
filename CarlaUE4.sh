#!/usr/bin/env bash
# Starts the embedded simulator where a harness expects CARLA's launcher: set CARLA_ROOT to this checkout.
# It takes CARLA's flags; the process becomes the simulator, so whoever ends it, or its process group, ends the simulator.
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd -P)
python=$root/.venv/bin/python
if [[ ! -x $python ]]; then
    printf 'CarlaUE4.sh: %s is missing; run %s/dev setup once.\n' "$python" "$root" >&2
    exit 2
fi

port=2000
town=Harbor
ignored=()
for flag in "$@"; do
    # Unreal reads its flags without regard to case.
    case ${flag,,} in
    -carla-rpc-port=* | -carla-port=* | -world-port=*) port=${flag#*=} ;;
    -renderoffscreen | -nosound | -graphicsadapter=* | -quality-level=* | -fps=* | -benchmark | -opengl | -vulkan) ;;
    -carla-server | -windowed | -resx=* | -resy=* | -prefernvidia | -ros2 | --ros2 | -carla-streaming-port=*) ;;
    -*) ignored+=("$flag") ;;
    *) town=${flag##*/} ;; # a map, as CARLA's launcher takes it: Town10HD_Opt or /Game/Carla/Maps/Town10HD_Opt
    esac
done
if [[ ${#ignored[@]} -gt 0 ]]; then
    printf 'CarlaUE4.sh: ignored, the embedded simulator has no such flag: %s\n' "${ignored[*]}" >&2
fi

arguments=(--port "$port" --town "$town")
# CARLA's own place for OpenDRIVE files. Tools that read them from CARLA_ROOT look here too.
maps=$root/CarlaUE4/Content/Carla/Maps/OpenDrive
if [[ -d $maps ]]; then arguments+=(--map-dir "$maps"); fi

unset PYTHONPATH PYTHONHOME
exec "$python" -m simulator "${arguments[@]}"
